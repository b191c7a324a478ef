#!/bin/bash
# Configures podman for a machine without systemd, apart from the machine's own configuration, and provides the images
# that the project's Dockerfiles start from under their public names. Prints the environment to use, as `export` lines.
# usage: eval "$(containers.sh STATE [REGISTRY_PORT])"
set -euo pipefail
. "$(dirname "$0")/paths.sh"

STATE=$(mkdir -p "$1" && cd "$1" && pwd)
REGISTRY=localhost:${2:-5000}
ECR=123456789012.dkr.ecr.us-east-1.amazonaws.com
CONF=$STATE/containers
mkdir -p "$CONF/docker" "$CONTAINERS"

smaller() { [ "$1" = unlimited ] || [ "$1" -gt "$2" ] && echo "$2" || echo "$1"; }

cat > "$CONF/storage.conf" <<X
[storage]
driver = "overlay"
runroot = "$CONTAINERS/run"
graphroot = "$CONTAINERS/storage"
X
# runc, since crun refuses hybrid control groups; ulimits no higher than this process may give.
cat > "$CONF/containers.conf" <<X
[containers]
log_driver = "k8s-file"
init_path = "/usr/bin/catatonit"
default_ulimits = ["nofile=$(smaller "$(ulimit -Hn)" 1048576)", "nproc=$(smaller "$(ulimit -Hu)" 32768)"]
[network]
network_backend = "cni"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
X
# No public registry is asked for a short name; ECR's names lead to the local registry.
cat > "$CONF/registries.conf" <<X
unqualified-search-registries = []
[[registry]]
location = "$REGISTRY"
insecure = true
[[registry]]
prefix = "$ECR"
location = "$REGISTRY"
insecure = true
X
LOGIN=$(printf 'AWS:123456789012-auth-token' | base64 -w0)
echo "{\"auths\":{\"$ECR\":{\"auth\":\"$LOGIN\"},\"$REGISTRY\":{\"auth\":\"$LOGIN\"}}}" > "$CONF/docker/config.json"

export CONTAINERS_STORAGE_CONF=$CONF/storage.conf CONTAINERS_CONF=$CONF/containers.conf
export CONTAINERS_REGISTRIES_CONF=$CONF/registries.conf DOCKER_CONFIG=$CONF/docker

# debian:bookworm-slim, and a node image with nothing but its program, which is all that images/base takes from it.
provide_images() {
  local version
  podman image exists localhost/debian:bookworm-slim ||
    podman import --quiet -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
      -c 'CMD ["bash"]' "$BASE_TAR" localhost/debian:bookworm-slim > /dev/null
  version=$("$NODE" --version)
  podman image exists "localhost/node:${version#v}-bookworm-slim" ||
    tar -C "$(dirname "$NODE")" --transform 's,^node,usr/local/bin/node,' -c node |
    podman import --quiet - "localhost/node:${version#v}-bookworm-slim" > /dev/null
}
exec 9> "$CACHE/aws-images.lock"
flock 9
provide_images

for name in CONTAINERS_STORAGE_CONF CONTAINERS_CONF CONTAINERS_REGISTRIES_CONF DOCKER_CONFIG; do
  echo "export $name='${!name}'"
done
