#!/bin/bash
# Starts the stack: an AWS API with Batch, an S3 server, an image registry that takes ECR's login, podman.
# usage: start.sh STATE [batch] [s3] [registry] [containers] [docker]     (default: batch s3 registry containers)
#   STATE is a folder for everything that this start writes; afterwards `. STATE/env`, or read STATE/env.json.
#   A second start of the same STATE starts only what does not run. Stop it with stop.sh STATE.
# environment: BATCH_* as in README.md; PORT_BATCH, PORT_S3, PORT_REGISTRY instead of free ports.
set -euo pipefail
. "$(dirname "$0")/paths.sh"

STATE=$(mkdir -p "$1" && cd "$1" && pwd)
shift
SERVICES=" ${*:-batch s3 registry containers} "
RUN=$STATE/run
mkdir -p "$RUN" "$STATE/work"
has() { [[ $SERVICES == *" $1 "* ]]; }
runs() { [ -f "$RUN/$1.pid" ] && kill -0 "$(cat "$RUN/$1.pid")" 2> /dev/null; }

# The port that a service of this state got first, else the one asked for, else a free one.
port() {
  [ -f "$RUN/$1.port" ] || echo "${2:-$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')}" > "$RUN/$1.port"
  cat "$RUN/$1.port"
}

# launch NAME COMMAND… : in a session of its own, with its output in a file.
launch() {
  local name=$1
  shift
  setsid "$@" > "$RUN/$name.log" 2>&1 < /dev/null 9>&- &
  echo $! > "$RUN/$name.pid"
}

# answers NAME CURL-ARGUMENTS… : waits until something answers, whatever it says.
answers() {
  local name=$1 tries
  shift
  for tries in $(seq 600); do
    [ "$(curl -s -o /dev/null -w '%{http_code}' "$@")" != 000 ] && return
    runs "$name" || break
    sleep 0.05
  done
  echo "start.sh: $name does not start; its log:" >&2
  tail -20 "$RUN/$name.log" >&2
  exit 1
}

parts=python
has containers && parts+=" containers"
has docker && parts+=" docker"
# shellcheck disable=SC2086
"$HERE/install.sh" $parts

BATCH=http://127.0.0.1:$(port batch "${PORT_BATCH:-}")
S3=http://127.0.0.1:$(port s3 "${PORT_S3:-}")
REGISTRY=localhost:$(port registry "${PORT_REGISTRY:-}")

if has s3 && ! runs s3; then
  mkdir -p "$STATE/s3/data" "$STATE/s3/iam"
  program=$("$NODE" "$ROOT/test/stack/s3/install-versitygw.ts")
  launch s3 env ROOT_ACCESS_KEY=test ROOT_SECRET_KEY=testtest "$program" --port "${S3#http://}" --region us-east-1 \
    --iam-dir "$STATE/s3/iam" --quiet --keep-alive posix "$STATE/s3/data"
fi

if has containers; then
  "$HERE/containers.sh" "$STATE" "${REGISTRY#*:}" > "$STATE/containers.env"
  . "$STATE/containers.env"
fi

if has registry && ! runs registry; then
  # The password is the one that the ECR API gives out.
  "$PYTHON" - > "$STATE/htpasswd" <<'X'
import bcrypt
print("AWS:" + bcrypt.hashpw(b"123456789012-auth-token", bcrypt.gensalt(5)).decode().replace("$2b$", "$2y$"))
X
  cat > "$STATE/registry.yml" <<X
version: 0.1
storage: {filesystem: {rootdirectory: $STATE/registry}, delete: {enabled: true}}
http: {addr: 127.0.0.1:${REGISTRY#*:}}
auth: {htpasswd: {realm: ecr, path: $STATE/htpasswd}}
X
  launch registry env -u REGISTRY_AUTH_FILE docker-registry serve "$STATE/registry.yml"
fi

if has docker && ! runs docker; then
  rm -f "$STATE/docker.sock"
  launch docker podman system service --time=0 "unix://$STATE/docker.sock"
fi

if has batch && ! runs batch; then
  # For jobs: where the services are, and who they are.
  JOB_ENV="{\"AWS_ENDPOINT_URL\": \"$BATCH\""
  has s3 && JOB_ENV+=", \"AWS_ENDPOINT_URL_S3\": \"$S3\""
  if [ "${BATCH_CREDENTIALS:-keys}" = endpoint ]; then
    JOB_ENV+=", \"AWS_CONTAINER_CREDENTIALS_FULL_URI\": \"$BATCH/v2/credentials\"}"
  else
    JOB_ENV+=", \"AWS_ACCESS_KEY_ID\": \"test\", \"AWS_SECRET_ACCESS_KEY\": \"testtest\"}"
  fi
  # For processes: what stands for the ENTRYPOINT of our images.
  ENTRYPOINTS="[[\"*debian*\", []], [\"*\", [\"$NODE\", \"$ROOT/dist/images/base/fetch-and-run.mjs\"]]]"
  has containers || export BATCH_EXECUTE=${BATCH_EXECUTE:-processes}
  has s3 && export BATCH_STACK_S3_ENDPOINT=$S3
  has registry && export BATCH_STACK_REGISTRY=$REGISTRY BATCH_STACK_REGISTRY_FOLDER=$STATE/registry
  launch batch env PYTHONPATH="$HERE" PYTHONDONTWRITEBYTECODE=1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=testtest \
    BATCH_CONTAINER_ENV="${BATCH_CONTAINER_ENV:-$JOB_ENV}" BATCH_ENTRYPOINTS="${BATCH_ENTRYPOINTS:-$ENTRYPOINTS}" \
    BATCH_WORK_DIR="$STATE/work" "$PYTHON" -m batch_stack --port "${BATCH##*:}"
fi

has s3 && answers s3 "$S3"
has registry && answers registry "http://$REGISTRY/v2/"
has docker && answers docker --unix-socket "$STATE/docker.sock" http://docker/_ping
has batch && answers batch "$BATCH/_stack/health"

{
  echo "export AWS_ENDPOINT_URL='$BATCH' AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=testtest"
  echo "export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 BATCH_STACK='$BATCH/_stack'"
  echo "export AWS_CLI='$VENV/bin/aws' CFN_LINT='$VENV/bin/cfn-lint'"
  if has s3; then echo "export AWS_ENDPOINT_URL_S3='$S3'"; fi
  if has registry; then echo "export ECR_REGISTRY='$REGISTRY'"; fi
  if has docker; then echo "export DOCKER_HOST='unix://$STATE/docker.sock' DOCKER='$DOCKER'"; fi
  if has containers; then cat "$STATE/containers.env"; fi
} > "$STATE/env"
(
  . "$STATE/env"
  "$PYTHON" - "$STATE/env" > "$STATE/env.json" <<'X'
import json, os, re, sys
names = re.findall(r"(\w+)=", open(sys.argv[1]).read())
print(json.dumps({name: os.environ[name] for name in names}, indent=1))
X
)
say "stack up: . $STATE/env"
