#!/usr/bin/env bash
# Installs what start-slurm.sh needs from Debian's packages, as root: slurm-wlm and munge,
# and with --accounting also slurmdbd and MariaDB. Does nothing where all is there already.
set -euo pipefail

packages=(slurm-wlm munge)
programs=(munged slurmctld slurmd sbatch)
if [ "${1:-}" = --accounting ]; then
  packages+=(slurmdbd mariadb-server)
  programs+=(slurmdbd mariadbd mariadb-install-db)
fi

missing=0
for program in "${programs[@]}"; do
  PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || missing=1
done
[ "$missing" = 1 ] || exit 0

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# The packages start system services where they can; the private cluster needs none of them.
apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
