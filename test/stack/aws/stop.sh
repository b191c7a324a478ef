#!/bin/bash
# Stops what start.sh STATE started, and waits for it. The state stays, for a look or another start.
# usage: stop.sh STATE
set -euo pipefail

RUN=${1:?usage: stop.sh STATE}/run
shopt -s nullglob
files=("$RUN"/*.pid)
for file in "${files[@]}"; do kill "$(cat "$file")" 2> /dev/null || true; done
for file in "${files[@]}"; do
  pid=$(cat "$file")
  for _ in $(seq 400); do
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.05
  done
  if kill -0 "$pid" 2> /dev/null; then kill -KILL "$pid"; fi
  rm -f "$file"
done
