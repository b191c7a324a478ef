#!/bin/bash
# Installs what the stack needs, once: Debian packages, a Python environment, the base images, the docker command. Idempotent.
# usage: install.sh [python] [containers] [docker]     (default: all)
set -euo pipefail
. "$(dirname "$0")/paths.sh"

PACKAGES="podman buildah runc containernetworking-plugins iptables docker-registry mmdebstrap catatonit"

install_python() {
  local wanted
  wanted=$(sha256sum "$HERE/requirements.txt" | cut -d' ' -f1)
  [ "$(cat "$VENV/.installed" 2>/dev/null)" = "$wanted" ] && return
  say "installing Python packages"
  python3 -m venv --clear "$VENV"
  # uv installs these packages some ten times as fast as pip does.
  "$VENV/bin/pip" --quiet --disable-pip-version-check install uv==0.13.9
  "$VENV/bin/uv" --quiet pip install --python "$PYTHON" --requirement "$HERE/requirements.txt"
  echo "$wanted" > "$VENV/.installed"
  say "Python packages installed"
}

install_packages() {
  # shellcheck disable=SC2086
  dpkg --status $PACKAGES > /dev/null 2>&1 && return
  say "installing Debian packages"
  local apt=(apt-get -o DPkg::Lock::Timeout=600 -qq)
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends $PACKAGES > /dev/null 2>&1 ||
    { "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends $PACKAGES > /dev/null; }
  say "Debian packages installed"
}

# What debian:bookworm-slim is: the smallest Debian, without manuals and translations.
make_base_tar() {
  [ -f "$BASE_TAR" ] && return
  say "making the base image"
  local leave_out=(--dpkgopt=force-unsafe-io) path
  for path in man doc info locale; do leave_out+=(--dpkgopt="path-exclude=/usr/share/$path/*"); done
  mmdebstrap --quiet --mode=root --variant=minbase --aptopt='Acquire::Languages "none"' "${leave_out[@]}" \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' bookworm "$BASE_TAR.$$.tar"
  mv "$BASE_TAR.$$.tar" "$BASE_TAR"
  say "base image made"
}

# The docker command alone: Debian's package would bring its engine.
install_docker() {
  [ -x "$DOCKER" ] && return
  local folder
  folder=$(mktemp -d)
  say "installing the docker command"
  (cd "$folder" && { apt-get -qq download docker.io || { apt-get -qq update && apt-get -qq download docker.io; }; }) > /dev/null 2>&1
  mkdir -p "$(dirname "$DOCKER")"
  dpkg-deb --fsys-tarfile "$folder"/docker.io_*.deb | tar -xO ./usr/bin/docker > "$DOCKER.part"
  chmod +x "$DOCKER.part"
  mv "$DOCKER.part" "$DOCKER"
  rm -r "$folder"
}

parts=${*:-python containers docker}
# One installation at a time, whoever asks.
exec 9> "$CACHE/aws-install.lock"
flock 9
for part in $parts; do
  case $part in
    python) install_python & ;;
    containers) (install_packages && make_base_tar) & ;;
    docker) install_docker & ;;
    *) echo "install.sh: no part '$part'" >&2; exit 2 ;;
  esac
  jobs_started+=($!)
done
for job in "${jobs_started[@]}"; do wait "$job"; done
