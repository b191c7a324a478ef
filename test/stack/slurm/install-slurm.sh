#!/usr/bin/env bash
# Installs what start-slurm.sh needs from Debian's packages, as root: Slurm and munge, and for its accounting MariaDB.
# Does nothing where all is there.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive

type munged slurmctld slurmd sbatch slurmdbd mariadbd mariadb-install-db >/dev/null 2>&1 && exit 0

# The packages start system services where they can; the private cluster needs none of them.
apt=(apt-get -o DPkg::Lock::Timeout=600 -qq)
packages=(slurm-wlm munge slurmdbd mariadb-server)
install() { "${apt[@]}" install -y --no-install-recommends "${packages[@]}" >/dev/null; }
install 2>/dev/null || { "${apt[@]}" update && install; }
