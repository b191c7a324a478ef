#!/usr/bin/env bash
# Starts a private Grid Engine on this machine: sge_qmaster and one sge_execd, without systemd.
# As root or as a plain user; a plain user's cluster runs that user's jobs only. A second call is a no-op.
# Prints lines for eval: export SGE_ROOT=…
#
#   start-gridengine.sh --home DIR [option…]
#     --home DIR     configuration, spool and logs
#     --port N       first of two TCP ports: sge_qmaster, sge_execd (16444)
#     --slots N      of the queue; may exceed the number of CPUs (64)
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

home= port=16444 slots=64

say() { echo "start-gridengine: $*" >&2; }
die() { say "$*"; exit 1; }

while (($#)); do
  (($# > 1)) || die "$1 needs a value"
  case $1 in
    --home) home=$2 ;;
    --port) port=$2 ;;
    --slots) slots=$2 ;;
    *) die "unknown option $1" ;;
  esac
  shift 2
done
[ -n "$home" ] || die '--home is missing'
for program in sge_qmaster sge_execd qsub qacct; do
  command -v "$program" >/dev/null || die "no $program here: run $(dirname "$0")/install-gridengine.sh"
done

mkdir -p "$home"
home=$(cd "$home" && pwd)
chmod 755 "$home"
export SGE_ROOT=$home SGE_CELL=default SGE_QMASTER_PORT=$port SGE_EXECD_PORT=$((port + 1)) SGE_CLUSTER_NAME=lab
common=$home/default/common programs=/usr/lib/gridengine

# The pid of a daemon of this cluster: its environment names our home.
daemon() {
  local pid
  for pid in $(pgrep -x "$1"); do
    tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qxF "SGE_ROOT=$home" && echo "$pid" && return
  done
  return 1
}

wait_for() { # seconds, what, command…
  local turns=$(($1 * 10)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((turns-- > 0)) || die "no $what in time; see $home/spool"
    sleep 0.1
  done
}

# Accounting is written at once, loads are reported often, and root may run jobs.
write_configuration() {
  sed -E \
    -e "s|^(execd_spool_dir ).*|\1 $home/spool/execd|" \
    -e 's|^(min_[ug]id ).*|\1 0|' \
    -e 's|^(mailer ).*|\1 /bin/true|' \
    -e 's|^(administrator_mail ).*|\1 none|' \
    -e 's|^(load_report_time ).*|\1 00:00:05|' \
    -e 's|^(reporting_params .*)flush_time=[0-9:]*|\1flush_time=00:00:01 accounting_flush_time=00:00:00|' \
    /usr/share/gridengine/default-configuration
}

create() {
  local link
  mkdir -p "$common" "$home"/spool/{qmaster/job_scripts,execd}
  mkdir -m 1777 -p "$home/tmp"
  for link in bin lib utilbin util; do ln -sfn "/var/lib/gridengine/$link" "$home/$link"; done
  # Whatever this machine is called, and whether or not its name has an address of its own.
  echo localhost >"$common/act_qmaster"
  echo "localhost $({ hostname; hostname -f; getent hosts 127.0.0.1 | cut -d' ' -f2-; } 2>/dev/null |
    tr -s ' ' '\n' | grep -vx localhost | sort -u | paste -sd' ')" >"$common/host_aliases"
  cat >"$common/bootstrap" <<CONF
admin_user none
default_domain none
ignore_fqdn false
spooling_method classic
spooling_lib libspoolc
spooling_params $common;$home/spool/qmaster
binary_path $home/bin
qmaster_spool_dir $home/spool/qmaster
security_mode none
listener_threads 2
worker_threads 2
scheduler_threads 1
CONF
  write_configuration >"$home/configuration"
  "$programs/spoolinit" classic libspoolc "$common;$home/spool/qmaster" init
  "$programs/spooldefaults" configuration "$home/configuration"
  "$programs/spooldefaults" complexes /usr/share/gridengine/util/resources/centry
  "$programs/spooldefaults" usersets /usr/share/gridengine/util/resources/usersets
  "$programs/spooldefaults" managers "$(id -un)"
}

qconf_from() { # option, text
  echo "$2" >"$home/qconf.txt"
  qconf "$1" "$home/qconf.txt"
}

# The scheduler runs whenever a job is submitted or ends, and the queue takes any number of jobs of any size.
configure() {
  qconf -ah localhost
  qconf -as localhost
  qconf_from -Msconf "$(qconf -ssconf | sed -E -e 's/^(schedule_interval ).*/\1 0:0:1/' \
    -e 's/^(flush_(submit|finish)_sec ).*/\1 1/' -e 's/^(job_load_adjustments ).*/\1 NONE/')"
  qconf_from -Ap "$(sed 's/^slots .*/slots 999/' /usr/share/gridengine/util/resources/pe/smp)"
  qconf_from -Aq "$(qconf -sq | sed -E -e 's/^(qname ).*/\1 main.q/' -e 's/^(hostlist ).*/\1 localhost/' \
    -e "s/^(slots ).*/\1 $slots/" -e 's/^(pe_list ).*/\1 smp/' -e 's/^(load_thresholds ).*/\1 NONE/' \
    -e "s|^(tmpdir ).*|\1 $home/tmp|" -e 's|^(shell ).*|\1 /bin/sh|')"
}

if ! daemon sge_qmaster >/dev/null; then
  [ -f "$common/bootstrap" ] || create >"$home/create.log" 2>&1 || die "cannot be set up: $(tail -3 "$home/create.log")"
  sge_qmaster >&2 || die "sge_qmaster did not start: $(tail -3 "$home/spool/qmaster/messages")"
fi
wait_for 60 sge_qmaster qconf -sconf
qconf -sq main.q >/dev/null 2>&1 || configure >"$home/configure.log" 2>&1 || die "cannot be set up: $(tail -3 "$home/configure.log")"
daemon sge_execd >/dev/null || sge_execd >&2 || die 'sge_execd did not start'
# A queue instance in no state has a node that reports.
wait_for 60 node bash -c 'qstat -f -q main.q | grep -qE "^main.q@localhost .* lx-[a-z0-9]+ *$"'
say "up: $slots slots"
printf 'export SGE_ROOT=%q SGE_CELL=default SGE_QMASTER_PORT=%q SGE_EXECD_PORT=%q\n' "$home" "$port" "$((port + 1))"
