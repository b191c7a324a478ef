#!/usr/bin/env bash
# Installs what slurm-podman.test.ts runs images with, from Debian's packages, as root. Does nothing where all is there.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive

type podman runc busybox >/dev/null 2>&1 && exit 0

apt=(apt-get -o DPkg::Lock::Timeout=600 -qq)
packages=(podman runc containernetworking-plugins busybox-static)
install() { "${apt[@]}" install -y --no-install-recommends "${packages[@]}" >/dev/null; }
install 2>/dev/null || { "${apt[@]}" update && install; }
