# shellcheck shell=sh
# The real reads of the demo: the test data in pizzly's source package. apt fetches and checks it with a
# configuration of our own, made from the machine's package sources, so that the machine's stays as it is.

spike_in=$root/.cache/spike-in

# The demo goes on without them, so nothing here is an error.
fetch_spike_in() {
  [ ! -e "$spike_in/reads_2.fastq.gz" ] || return 0
  if ! command -v apt-get >/dev/null || ! command -v xz >/dev/null; then
    say 'setup: the demo goes without its real sample, which takes apt-get (Debian, Ubuntu) and xz'
    return
  fi
  say "setup: fetching the demo's real reads (pizzly's source package)"
  work=$root/.cache/apt
  rm -rf "$work"
  if write_apt_config && (cd "$work/source" && download_source) && unpack_tests; then
    rm -rf "$work"
  else
    say "setup: they cannot be had, the demo goes without its real sample (see $log)"
  fi
}

write_apt_config() {
  mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial" "$work/source"
  eval "$(apt-config shell one_file Dir::Etc::sourcelist/f many_files Dir::Etc::sourceparts/d)"
  for file in "$one_file" "${many_files%/}"/*.list; do
    if [ -r "$file" ]; then sed -n 's/^deb[[:blank:]]/deb-src /p' "$file" >>"$work/sources/$(basename "$file")"; fi
  done
  for file in "${many_files%/}"/*.sources; do
    if [ -r "$file" ]; then sed 's/^[Tt]ypes:.*/Types: deb-src/' "$file" >"$work/sources/$(basename "$file")"; fi
  done
  # Read after the machine's own configuration, which may hold a proxy; its hooks are not for us.
  cat >"$work/apt.conf" <<END
#clear APT::Update;
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/sources/";
Dir::State::lists "$work/lists/";
Dir::Cache "$work/cache/";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
END
}

# In the current folder. Some of the sources may have no source packages: the download decides.
download_source() {
  apt-get -c "$work/apt.conf" -q update >"$log" 2>&1 || :
  apt-get -c "$work/apt.conf" -q source --download-only --tar-only pizzly >>"$log" 2>&1
}

unpack_tests() {
  tar -x -J -f "$work"/source/pizzly_*.orig.tar.xz -C "$work/source" >>"$log" 2>&1 || return
  set -- "$work"/source/pizzly-*/test
  [ -e "$1/reads_2.fastq.gz" ] || return
  rm -rf "$spike_in"
  mv "$1" "$spike_in"
}
