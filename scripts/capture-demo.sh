#!/bin/sh
# Makes docs/demo.png: the demo on a real terminal (tmux), photographed by a browser. Needs tmux, aha and chromium.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$(mktemp -d)
trap 'tmux kill-session -t capture 2>/dev/null || true; rm -rf "$work"' EXIT
tmux new-session -d -s capture -x 104 -y 48 "cd '$work' && '$root/scripts/with-node.sh' node '$root/dist/batch-pipeline.js' demo --spike-in '$root/.cache/spike-in'; sleep 60"
until tmux capture-pane -p -t capture | grep -q 'Next:'; do sleep 1; done
tmux capture-pane -e -p -t capture | sed "s,$work,~,g" | aha --black --title demo | sed 's,<pre>,<pre style="font: 15px/1.3 DejaVu Sans Mono; padding: 12px">,' > "$work/demo.html"
chromium --headless --no-sandbox --disable-gpu --disable-background-networking --hide-scrollbars --user-data-dir="$work/profile" \
  --window-size=1010,1000 --screenshot="$root/docs/demo.png" "file://$work/demo.html" >/dev/null 2>&1
