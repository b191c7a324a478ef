#!/bin/sh
# Installs the S3 server that tests use: compiled once, two minutes of CPU, so it is set-up's work and no test's.
exec node "$(dirname -- "$0")/install-versitygw.ts" >/dev/null
