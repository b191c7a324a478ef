#!/bin/sh
# Runs a command with Node 24 or newer: the machine's own, else one that is fetched into tools/node.
#   scripts/with-node.sh npm test
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/scripts/setup/say.sh"
. "$root/scripts/setup/node.sh"
[ $# -gt 0 ] || fail 'Usage: scripts/with-node.sh COMMAND [ARGUMENTS]'
use_node
exec "$@"
