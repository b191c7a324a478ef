#!/usr/bin/env bash
# Starts a private Slurm cluster on this machine: munged, slurmctld and one slurmd a node, without systemd.
# As root or as a plain user; a plain user's cluster runs that user's jobs only. A second call is a no-op.
# Prints one line for eval: export SLURM_CONF=…
#
#   start-slurm.sh --home DIR [option…]
#     --home DIR       state, keys and logs; under 80 characters, for munge's socket
#     --port N         first of 3 + nodes TCP ports: slurmctld, slurmdbd, slurmd… (16817)
#     --profile NAME   tuned: many small array elements run fast (the default)
#                      stock: the scheduler settings that most sites leave alone
#     --cgroup         real memory limits by cgroup v1; root only
#     --accounting     slurmdbd and MariaDB, so that sacct works
#     --nodes N        how many (1)
#     --cpus N         that each node claims; may exceed the real number (that number)
#     --memory MIB     that each node claims (what the machine has, less 1 GiB)
#     --set 'K=V'      a line of slurm.conf that replaces or adds to those below; may be repeated
#     --partition '…'  another PartitionName line; may be repeated
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

home= port=16817 profile=tuned cgroup=0 accounting=0 nodes=1 cpus=$(nproc)
memory=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) / 1024 - 1024))
settings=() partitions=()

say() { echo "start-slurm: $*" >&2; }
die() { say "$*"; exit 1; }

while (($#)); do
  case $1 in
    --cgroup) cgroup=1; shift; continue ;;
    --accounting) accounting=1; shift; continue ;;
  esac
  (($# > 1)) || die "$1 needs a value"
  case $1 in
    --home) home=$2 ;;
    --port) port=$2 ;;
    --profile) profile=$2 ;;
    --nodes) nodes=$2 ;;
    --cpus) cpus=$2 ;;
    --memory) memory=$2 ;;
    --set) settings+=("$2") ;;
    --partition) partitions+=("$2") ;;
    *) die "unknown option $1" ;;
  esac
  shift 2
done
[ -n "$home" ] || die '--home is missing'
case $profile in tuned | stock) ;; *) die "no profile $profile: tuned or stock" ;; esac
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || die "no $program here: run $(dirname "$0")/install-slurm.sh"
done

mkdir -p "$home"/{munge,state,spool,log,pid}
home=$(cd "$home" && pwd)
((${#home} < 80)) || die "--home is too long for a socket: $home"
chmod 755 "$home" "$home/munge"
host=$(hostname -s 2>/dev/null || cat /proc/sys/kernel/hostname)
user=$(id -un)
socket=$home/munge/munge.socket
export SLURM_CONF=$home/slurm.conf

# Is the process in this pidfile alive, and ours? Its command line names our home.
alive() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] && grep -qsaF "$home/" "/proc/$pid/cmdline"
}

wait_for() { # seconds, what, command…
  local turns=$(($1 * 20)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((turns-- > 0)) || die "no $what in time; see $home/log"
    sleep 0.05
  done
}

start_munge() {
  alive "$home/pid/munged.pid" && return
  [ -s "$home/munge/key" ] || (umask 077 && head -c 128 /dev/urandom >"$home/munge/key")
  rm -f "$socket"*
  munged --force --key-file="$home/munge/key" --socket="$socket" --pid-file="$home/pid/munged.pid" \
    --log-file="$home/log/munged.log" --seed-file="$home/munge/seed" >&2
  wait_for 10 munged munge -n -S "$socket"
}

start_database() {
  alive "$home/pid/mariadbd.pid" && return
  [ -d "$home/mysql/mysql" ] || mariadb-install-db --no-defaults --datadir="$home/mysql" --user="$user" \
    --auth-root-authentication-method=socket --skip-test-db >"$home/log/mariadb-install.log" 2>&1
  mariadbd --no-defaults --user="$user" --datadir="$home/mysql" --socket="$home/mysql/s" \
    --pid-file="$home/pid/mariadbd.pid" --skip-networking --innodb-flush-log-at-trx-commit=0 \
    --innodb-lock-wait-timeout=900 --innodb-buffer-pool-size=128M >"$home/log/mariadbd.log" 2>&1 </dev/null &
  disown
  wait_for 60 mariadbd mariadb-admin --no-defaults --socket="$home/mysql/s" --user="$user" ping
}

start_slurmdbd() {
  alive "$home/pid/slurmdbd.pid" && return
  (umask 077 && cat >"$home/slurmdbd.conf") <<CONF
AuthType=auth/munge
AuthInfo=socket=$socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$((port + 1))
SlurmUser=$user
LogFile=$home/log/slurmdbd.log
PidFile=$home/pid/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=$user
StorageLoc=slurm_acct
CONF
  # slurmdbd takes no -f, so alive() can only know it by the name it is given here.
  MYSQL_UNIX_PORT=$home/mysql/s bash -c 'exec -a "slurmdbd $0/" slurmdbd' "$home" >&2
  wait_for 60 slurmdbd grep -q 'slurmdbd version .* started' "$home/log/slurmdbd.log"
}

# One KEY=VALUE a line; a later line replaces an earlier one of the same key (see write_configuration).
base_settings() {
  cat <<CONF
ClusterName=lab
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$socket,cred_expire=5
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool/%n
SlurmctldPidFile=$home/pid/slurmctld.pid
SlurmdPidFile=$home/pid/slurmd-%n.pid
SlurmctldLogFile=$home/log/slurmctld.log
SlurmdLogFile=$home/log/slurmd-%n.log
SlurmctldDebug=info
SlurmdDebug=info
PlugStackConfig=$home/plugstack.conf
MpiDefault=none
SwitchType=switch/none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=100
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
PriorityType=priority/basic
OverTimeLimit=0
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=60
InactiveLimit=0
JobRequeue=0
CONF
}

# correspond_after_task_cnt: only so many pending elements of an aftercorr array are looked at; 10 by default.
# Epilog: with one, the end of each task starts the scheduler at once; without, the next waits for a 1 s tick.
tuned_settings() {
  cat <<CONF
MaxArraySize=10001
MaxJobCount=100000
MinJobAge=3600
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,default_queue_depth=10000,correspond_after_task_cnt=10001,max_rpc_cnt=0
Epilog=/bin/true
EpilogMsgTime=0
CONF
}

cgroup_settings() {
  cat <<CONF
ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup
JobAcctGatherType=jobacct_gather/cgroup
CONF
}

# Memory is looked at each second, and what is over its limit gets SIGKILL.
polling_settings() {
  cat <<CONF
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
CONF
}

accounting_settings() {
  cat <<CONF
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$((port + 1))
AccountingStoragePass=$socket
CONF
}

node_line() {
  local name=n1 ports=$((port + 2))
  ((nodes == 1)) || { name="n[1-$nodes]" ports="[$((port + 2))-$((port + 1 + nodes))]"; }
  echo "NodeName=$name NodeHostname=$host NodeAddr=127.0.0.1 Port=$ports CPUs=$cpus RealMemory=$memory State=UNKNOWN"
}

write_configuration() {
  : >"$home/plugstack.conf"
  {
    base_settings
    [ "$profile" = stock ] || tuned_settings
    if [ "$cgroup" = 1 ]; then cgroup_settings; else polling_settings; fi
    [ "$accounting" = 0 ] || accounting_settings
    printf '%s\n' "${settings[@]}"
  } | awk -F= 'NF { if (!($1 in line)) order[++n] = $1; line[$1] = $0 } END { for (i = 1; i <= n; i++) print line[order[i]] }' >"$SLURM_CONF"
  {
    node_line
    echo 'PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefaultTime=60 State=UP'
    ((${#partitions[@]} == 0)) || printf '%s\n' "${partitions[@]}"
  } >>"$SLURM_CONF"
  # slurmd 22.05 loads a cgroup plugin in any case, and its own search fails where /sys/fs/cgroup is empty.
  echo CgroupPlugin=cgroup/v1 >"$home/cgroup.conf"
  [ "$cgroup" = 0 ] || printf '%s\n' ConstrainRAMSpace=yes MinRAMSpace=10 >>"$home/cgroup.conf"
}

start_controller() {
  alive "$home/pid/slurmctld.pid" && return
  write_configuration
  slurmctld -f "$SLURM_CONF" >&2 || die "slurmctld did not start: $(tail -3 "$home/log/slurmctld.log")"
}

register_cluster() {
  sacctmgr -n list cluster lab format=cluster 2>/dev/null | grep -q lab || sacctmgr -i -Q add cluster lab >&2
}

start_nodes() {
  local i
  for ((i = 1; i <= nodes; i++)); do
    alive "$home/pid/slurmd-n$i.pid" && continue
    mkdir -p "$home/spool/n$i"
    slurmd -f "$SLURM_CONF" -N "n$i" >&2 || die "slurmd n$i did not start: $(tail -3 "$home/log/slurmd-n$i.log")"
  done
}

start_munge
if [ "$accounting" = 1 ]; then
  start_database
  start_slurmdbd
fi
start_controller
[ "$accounting" = 0 ] || register_cluster || true
wait_for 20 slurmctld bash -c 'scontrol ping | grep -q "is UP"'
start_nodes
wait_for 30 'idle node' bash -c '! sinfo -h -N -o %T | grep -vqE "^(idle|mixed|allocated|completing)$"'
# slurmctld reads SchedulerParameters in its first scheduling cycle: this makes one.
timeout 20 srun -Q -n1 --mem=1 true || die "the cluster is up but runs no job; see $home/log"
say "up: $(sinfo -h -N -o '%N=%T(%c cpu,%m MiB)' | sort -u | paste -sd' ')"
printf 'export SLURM_CONF=%q\n' "$SLURM_CONF"
