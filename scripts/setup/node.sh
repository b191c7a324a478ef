# shellcheck shell=sh
# Node: the machine's own if it is new enough, else the package of tools/node (pinned, checked by its lockfile).

least_node=24

# Puts a Node that is new enough first on PATH; fetches one if need be.
use_node() {
  is_new_enough node && return
  own_node=$root/tools/node/node_modules/.bin
  if ! is_new_enough "$own_node/node"; then fetch_node; fi
  PATH=$own_node:$PATH
  export PATH
}

# Where npx looks first: `npx batch-pipeline` runs with the fetched Node, too.
link_node() {
  fetched=tools/node/node_modules/.bin/node
  if [ -x "$root/$fetched" ] && ! is_new_enough "$root/node_modules/.bin/node"; then
    mkdir -p "$root/node_modules/.bin"
    ln -sf "../../$fetched" "$root/node_modules/.bin/node"
  fi
}

is_new_enough() {
  version=$("$1" --version 2>/dev/null) || return 1
  major=${version#v}
  [ "${major%%.*}" -ge "$least_node" ]
}

fetch_node() {
  command -v npm >/dev/null || fail "Node $least_node or newer is needed, and there is no npm to fetch it with. Install Node: https://nodejs.org"
  say "setup: fetching Node $least_node (about 60 MB), once"
  quietly npm ci --prefix "$root/tools/node" --ignore-scripts --no-audit --no-fund ||
    fail "Install Node $least_node or newer yourself: https://nodejs.org"
  is_new_enough "$own_node/node" ||
    fail "No packaged Node runs on $(uname -sm). Install Node $least_node or newer: https://nodejs.org"
}
