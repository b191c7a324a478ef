#!/usr/bin/env bash
# Ends the jobs and the processes of the cluster that start-slurm.sh started with the same --home, and no others.
#   stop-slurm.sh --home DIR [--wipe]     --wipe also removes DIR
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../stop-options.sh"
export SLURM_CONF=$home/slurm.conf

# The pid in this file, if that process is alive and its command line names our home.
ours() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] && grep -qsaF "$home/" "/proc/$pid/cmdline" && echo "$pid"
}

end_jobs() {
  local pid turn
  pid=$(ours "$home/pid/slurmctld.pid") || return
  kill -CONT "$pid" # a test may have frozen it
  timeout 10 scancel --user="$(id -un)" 2>/dev/null
  for turn in {1..50}; do
    [ -z "$(timeout 5 squeue -h -t R,CG 2>/dev/null)" ] && return
    sleep 0.1
  done
}

end_process() {
  local pid turn
  pid=$(ours "$1") || return
  kill "$pid" 2>/dev/null
  for turn in {1..100}; do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  kill -0 "$pid" 2>/dev/null && kill -9 "$pid"
  rm -f "$1"
}

end_jobs
for file in "$home"/pid/slurmd-*.pid "$home"/pid/{slurmctld,slurmdbd,mariadbd,munged}.pid; do end_process "$file"; done
if grep -qs ConstrainRAMSpace "$home/cgroup.conf"; then
  for folder in /sys/fs/cgroup/*/slurm_n[0-9]*; do
    [ -d "$folder" ] && find "$folder" -depth -type d -exec rmdir {} \; 2>/dev/null
  done
fi
[ "$wipe" = 0 ] || rm -rf -- "$home"
exit 0
