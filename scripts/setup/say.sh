# shellcheck shell=sh
# For scripts that set root: where their lines go, and how they end.

log=$root/.cache/setup.log

# One line of progress. On standard error, so that with-node.sh leaves a command's output alone.
say() {
  printf '%s\n' "$*" >&2
}

# The exit code is the command's own for "this machine cannot do it" (docs/generated/exit-codes.md).
fail() {
  say "$@"
  exit 3
}

# Runs a command whose output matters only if it fails.
quietly() {
  mkdir -p "$root/.cache"
  "$@" >"$log" 2>&1 && return
  status=$?
  tail -n 20 "$log" >&2
  say "Failed: $*"
  return "$status"
}
