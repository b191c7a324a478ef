# Sourced by the other scripts: where things are. BATCH_STACK_CACHE moves the cache out of the checkout.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../../.." && pwd)
CACHE=${BATCH_STACK_CACHE:-$ROOT/.cache}
VENV=$CACHE/aws-venv
#: podman's images, kept between starts; BASE_TAR is the parent image's file system.
CONTAINERS=$CACHE/aws-containers
BASE_TAR=$CACHE/bookworm-slim.tar
PYTHON=$VENV/bin/python
#: A docker command without an engine.
DOCKER=$CACHE/docker-cli/docker
#: A Node that is new enough, as a program and not as a link: it goes into an image, too.
NODE=$(readlink -f "$("$ROOT/scripts/with-node.sh" sh -c 'command -v node')")
mkdir -p "$CACHE"

say() { echo "[$SECONDS s] $*" >&2; }
