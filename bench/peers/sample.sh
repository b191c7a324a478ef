#!/bin/bash
# One sample for GNU parallel: three copies, each by way of a temporary file, skipping what is there.
set -euo pipefail
sample=$1
exec > "log/$sample.log" 2>&1
copy() {
  [ -s "$2" ] && return
  "$STEP" "$1" "$2.tmp"
  mv "$2.tmp" "$2"
}
copy "in/$sample.txt" "work/$sample.a"
copy "work/$sample.a" "work/$sample.b"
copy "work/$sample.b" "out/$sample.c"
