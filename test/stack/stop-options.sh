# Sourced by the scripts that stop a cluster: reads --home DIR [--wipe] into `home`, an absolute path, and `wipe`, 0 or 1.
# Ends the script, which has nothing to stop, where DIR does not exist.
export PATH=$PATH:/usr/sbin:/sbin
program=$(basename "$0" .sh)

home= wipe=0
while (($#)); do
  case $1 in
    --home) home=${2:-}; shift 2 ;;
    --wipe) wipe=1; shift ;;
    *) echo "$program: unknown option $1" >&2; exit 1 ;;
  esac
done
[ -n "$home" ] || { echo "$program: --home is missing" >&2; exit 1; }
[ -d "$home" ] || exit 0
home=$(cd "$home" && pwd)
