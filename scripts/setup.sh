#!/bin/sh
# Makes this checkout ready to use; says nothing if it is. Safe to run at any time.
#   scripts/setup.sh              Node, npm packages, Picard, kallisto, pizzly, samtools, the demo's real reads
#   scripts/setup.sh --for-tests  and the services that the tests run against
# Then: scripts/with-node.sh COMMAND runs a command with the right Node.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
for part in say node tools spike-in; do . "$root/scripts/setup/$part.sh"; done

for_tests=
case ${1-} in
'') ;;
--for-tests) for_tests=yes ;;
*) say "Unknown option $1; usage: scripts/setup.sh [--for-tests]"; exit 2 ;;
esac

install_modules() {
  node "$root/scripts/setup/modules-are-current.ts" "$root" && return
  say 'setup: installing npm packages'
  # No install scripts: the packages in use work without theirs.
  set -- --prefix "$root" --ignore-scripts --no-audit --no-fund
  # A registry that lacks packages of other platforms makes `npm ci` refuse the lockfile; `npm install` uses it all the same.
  npm ci "$@" >/dev/null 2>&1 || quietly npm install --no-save "$@" || fail 'setup: npm could not install the packages'
}

install_test_services() {
  for installer in "$root"/test/stack/*/install*.sh; do
    if [ -x "$installer" ]; then "$installer"; fi
  done
}

use_node
install_modules
link_node
missing_tools=0
install_tools || missing_tools=3
fetch_spike_in
if [ -n "$for_tests" ]; then install_test_services; fi
exit "$missing_tools"
