#!/bin/bash
# Tests the stack itself: its Batch against BATCH.md, with processes and with real containers.
# usage: check.sh [PYTEST-ARGUMENTS…]
set -euo pipefail
. "$(dirname "$0")/paths.sh"

"$HERE/install.sh"
STATE=$(mktemp -d "${TMPDIR:-/tmp}/batch-stack-check-XXXXXX")
trap 'rm -rf "$STATE"' EXIT
eval "$("$HERE/containers.sh" "$STATE")"
PYTHONPATH="$HERE" PYTHONDONTWRITEBYTECODE=1 "$PYTHON" -m pytest -p no:cacheprovider -q "$HERE/tests" "$@"
