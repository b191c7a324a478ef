#!/usr/bin/env bash
# Installs what start-gridengine.sh needs from Debian's packages, as root. Does nothing where all is there.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive

type sge_qmaster sge_execd qsub qacct pgrep >/dev/null 2>&1 && exit 0

# The packages start system services where they may; the private cluster needs none of them.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt=(apt-get -o DPkg::Lock::Timeout=600 -qq)
packages=(gridengine-master gridengine-exec gridengine-client procps)
install() { "${apt[@]}" install -y --no-install-recommends "${packages[@]}" >/dev/null; }
install 2>/dev/null || { "${apt[@]}" update && install; }
