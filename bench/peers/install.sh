#!/bin/sh
# Installs the peers that the bench compares with into .cache/peers: GNU parallel, make, time (Debian), Snakemake (PyPI), Nextflow (Maven).
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
peers=$root/.cache/peers
mkdir -p "$peers"
command -v parallel >/dev/null && command -v make >/dev/null && [ -x /usr/bin/time ] || apt-get install -y -q --no-install-recommends parallel make time >/dev/null
if [ ! -x "$peers/snakemake/bin/snakemake" ]; then
  python3 -m venv "$peers/snakemake"
  "$peers/snakemake/bin/pip" install -q snakemake==9.27.1
fi
if [ ! -d "$peers/nextflow/lib" ]; then
  mkdir -p "$peers/nextflow"
  cat > "$peers/nextflow/pom.xml" <<'POM'
<project><modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>nextflow</artifactId><version>1</version>
<dependencies><dependency><groupId>io.nextflow</groupId><artifactId>nextflow</artifactId><version>24.10.0</version></dependency></dependencies></project>
POM
  (cd "$peers/nextflow" && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib)
fi
