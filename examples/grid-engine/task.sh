# What each task runs on its node, after lines that set the variables of its job:
#   folder        of the job; the task leaves `<task>.ended.<outcome>` there: the runner's exit code, `skipped` if a
#                 task that it needed did not succeed, or `out-of-memory`
#   same_task     folders of jobs whose task of the same number must have succeeded
#   all_tasks     of jobs all of whose tasks must have succeeded: folder, number of tasks, folder, …
#   attempts      how often a task may be tried
#   memory_mib    that it may take
#   command       the runner and its arguments
shopt -s nullglob
cd "$folder" || exit 1
task=$SGE_TASK_ID

# Exit code of the runner for a failure that may pass, and the one at which Grid Engine queues a task again.
try_again=75
reschedule=99

ended() { # outcome
  : >"$task.ended.$1"
  [ "$1" = 0 ]
  exit
}

# Waits some seconds for outcomes: files of other nodes may be seen late.
outcomes() { # folder, pattern of tasks, number of tasks
  local turn
  for turn in {1..5}; do
    found=("$1"/$2.ended.*)
    [ ${#found[@]} -lt "$3" ] || break
    sleep 1
  done
  good=("$1"/$2.ended.[0])
  [ ${#good[@]} -eq "$3" ]
}

# Grid Engine starts a task once those that it waits for have ended, however they ended.
look_back() {
  local needed i
  for needed in "${same_task[@]}"; do outcomes "$needed" "$task" 1 || return; done
  for ((i = 0; i < ${#all_tasks[@]}; i += 2)); do outcomes "${all_tasks[i]}" '*' "${all_tasks[i + 1]}" || return; done
}

# Memory in KiB and process ids of the runner and all below it: parents come before their children.
processes() {
  ps -eo pid=,ppid=,rss= --sort=start_time |
    awk -v root="$runner" '$1 == root || $2 in ours { ours[$1]; total += $3; pids = pids " " $1 } END { print total + 0, pids }'
}

# Grid Engine's limit of resident memory has no effect on Linux.
watch_memory() {
  local taken pids
  while sleep 0.5; do
    read -r taken pids < <(processes)
    [ "$taken" -gt $((memory_mib * 1024)) ] || continue
    echo "The task took $((taken / 1024)) MiB of memory, and had asked for $memory_mib MiB" >&2
    : >"$task.exceeded"
    kill -KILL $pids
  done
}

if [ -e cancelled ] || ! look_back; then ended skipped; fi
try=$(($(cat "$task.try" 2>/dev/null || echo 0) + 1))
[ "$try" -le "$attempts" ] || ended "$try_again"
echo "$try" >"$task.try"
export BATCH_PIPELINE_INDEX=$((task - 1)) BATCH_PIPELINE_TRY=$try BATCH_PIPELINE_SCRATCH=$TMPDIR

# Before it kills a task, qdel sends SIGUSR2 to the process group, which the runner does not know: it has its own group.
trap : USR1
trap 'kill -TERM "$runner" 2>/dev/null' USR2
setsid "${command[@]}" &
runner=$!
watch_memory &
watch=$!
while wait "$runner"; status=$?; kill -0 "$runner" 2>/dev/null; do :; done
kill "$watch" 2>/dev/null

[ ! -e "$task.exceeded" ] || ended out-of-memory
if [ "$status" = "$try_again" ] && [ "$try" -lt "$attempts" ] && [ ! -e cancelled ]; then exit "$reschedule"; fi
ended "$status"
