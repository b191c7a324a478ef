#!/usr/bin/env bash
# Ends the jobs and the processes of the cluster that start-gridengine.sh started with the same --home, and no others.
#   stop-gridengine.sh --home DIR [--wipe]     --wipe also removes DIR
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../stop-options.sh"

# Processes of this cluster: their environment names our home. Daemons first, so that they start nothing more.
ours() { # name…
  local name pid
  for name; do
    for pid in $(pgrep -x "$name"); do
      tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qxF "SGE_ROOT=$home" && echo "$pid"
    done
  done
}

end_processes() { # pid…
  local turn
  kill "$@" 2>/dev/null
  for turn in {1..100}; do
    kill -0 "$@" 2>/dev/null || return
    sleep 0.05
  done
  kill -9 "$@" 2>/dev/null
}

jobs_left() {
  local pid
  for pid in /proc/[0-9]*; do
    grep -qszxF "SGE_ROOT=$home" "$pid/environ" && grep -qszE '^JOB_ID=' "$pid/environ" && echo "${pid#/proc/}"
  done
}

for name in sge_qmaster sge_execd; do
  pids=$(ours "$name")
  [ -z "$pids" ] || end_processes $pids
done
jobs=$(jobs_left)
[ -z "$jobs" ] || kill -9 $jobs 2>/dev/null
[ "$wipe" = 0 ] || rm -rf -- "$home"
exit 0
