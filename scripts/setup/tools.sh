# shellcheck shell=sh
# Picard, kallisto, pizzly and samtools, as Debian packages; and xz, which unpacks the demo's real reads.

# Installs what is missing, or says how to. Returns 1 if something stays missing.
install_tools() {
  missing=$(missing_packages)
  if can_install && ! command -v xz >/dev/null; then missing="$missing xz-utils"; fi
  [ -n "$missing" ] || return 0
  if can_install; then
    # shellcheck disable=SC2086 # a list of names
    say "setup: installing" $missing
    # shellcheck disable=SC2086
    apt_install $missing && return 0
  fi
  # shellcheck disable=SC2086
  tell_how_to_install $missing
  return 1
}

can_install() {
  command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]
}

missing_packages() {
  list=
  if ! command -v picard >/dev/null; then
    command -v java >/dev/null || list="$list default-jre-headless"
    [ -e /usr/share/java/picard.jar ] || list="$list libpicard-java"
  fi
  for program in kallisto pizzly samtools; do
    command -v "$program" >/dev/null || list="$list $program"
  done
  printf '%s' "${list# }"
}

apt_install() {
  # A machine's boot may hold apt's lock for a while.
  quietly apt-get -o DPkg::Lock::Timeout=300 update
  DEBIAN_FRONTEND=noninteractive quietly apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

tell_how_to_install() {
  cat >&2 <<END
Not here yet: $*. Any of these helps:
  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install --no-install-recommends $*
  Conda:           conda create -n fusion -c conda-forge -c bioconda picard kallisto=0.48 pizzly samtools && conda activate fusion
  A container:     docker run --rm -it -v "\$PWD:/project" -w /project node:24-bookworm sh -c 'scripts/setup.sh && exec bash'
END
}
