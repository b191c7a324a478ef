"""SubmitJob's request to a Spec, or the ClientException that refuses it.

https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html and service_limits.html"""

from __future__ import annotations

import re

from .catalog import Catalog, Queue
from .errors import ClientException
from .job import Job, Spec
from .unsupported import refuse_unsupported

JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
PARAMETER = re.compile(r"Ref::([A-Za-z0-9_.-]+)")
#: Bytes of a SubmitJob body: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
MAX_PAYLOAD = 30 * 1024
MAX_DEPENDENCIES = 20
ARRAY_SIZE = range(2, 10_001)
MIN_TIMEOUT = 60
ATTEMPTS = range(1, 11)
#: https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html
PATTERNS = {
    "onExitCode": re.compile(r"\d{0,512}\*?"),
    "onReason": re.compile(r"[A-Za-z0-9.:\s]{0,512}\*?"),
    "onStatusReason": re.compile(r"[A-Za-z0-9.:\s]{0,512}\*?"),
}


def parse(request: dict, catalog: Catalog, jobs: dict[str, Job]) -> Spec:
    """Everything that AWS checks before it gives out a job id."""
    name = request.get("jobName") or ""
    if not JOB_NAME.fullmatch(name):
        raise ClientException(f"Job name should match valid pattern, not {name!r}")
    queue = enabled_queue(request.get("jobQueue") or "", catalog)
    definition = active_definition(request.get("jobDefinition") or "", catalog)
    overrides = request.get("containerOverrides") or {}
    refuse_unsupported(request, overrides, definition)
    size = array_size(request.get("arrayProperties") or {})
    strategy = request.get("retryStrategy") or definition.retry_strategy or {}
    check_retry(strategy)
    return merged(request, queue, definition, overrides, strategy, catalog, size, dependencies(request, size, jobs))


def merged(request, queue: Queue, definition, overrides, strategy, catalog: Catalog, size, depends_on) -> Spec:
    container = definition.container_properties or {}
    parameters = {**(definition.parameters or {}), **(request.get("parameters") or {})}
    vcpus, memory = resources(container, overrides)
    logs = container.get("logConfiguration") or {}
    options = logs.get("options") or {}
    return Spec(
        name=request["jobName"],
        queue_arn=queue.arn,
        queue_name=queue.name,
        definition_arn=definition.arn,
        definition_name=definition.name,
        region=catalog.region,
        account=catalog.account,
        image=container["image"],
        command=tuple(with_parameters(overrides.get("command", container.get("command", [])), parameters)),
        environment=environment(container, overrides),
        vcpus=vcpus,
        memory_mib=memory,
        attempts=int(strategy.get("attempts", 1)),
        evaluate_on_exit=tuple(strategy.get("evaluateOnExit", ())),
        timeout_seconds=timeout(request.get("timeout") or definition.timeout or {}),
        depends_on=tuple(depends_on),
        size=size,
        parameters=parameters,
        tags=request.get("tags") or {},
        container=container,
        log_group=options.get("awslogs-group", "/aws/batch/job"),
        log_prefix=options.get("awslogs-stream-prefix", definition.name[:200]),
        log_create_group=options.get("awslogs-create-group") == "true" or "awslogs-group" not in options,
    )


def enabled_queue(name: str, catalog: Catalog) -> Queue:
    queue = catalog.queue(name)
    if queue is None:
        raise ClientException(f"Job queue {name} does not exist")
    if not queue.enabled:
        raise ClientException(f"Job queue {name} is not ENABLED")
    return queue


def active_definition(name: str, catalog: Catalog):
    definition = catalog.definition(name)
    if definition is None or definition.status != "ACTIVE":
        raise ClientException(f"Job definition {name} does not exist or is not ACTIVE")
    return definition


def array_size(properties: dict) -> int | None:
    size = properties.get("size")
    if size is not None and size not in ARRAY_SIZE:
        raise ClientException(f"Array size must be between 2 and 10000, not {size}")
    return size


def dependencies(request: dict, size: int | None, jobs: dict[str, Job]) -> list[dict]:
    depends_on = request.get("dependsOn") or []
    if len(depends_on) > MAX_DEPENDENCIES:
        raise ClientException(f"A job can depend upon at most {MAX_DEPENDENCIES} jobs, not {len(depends_on)}")
    for dependency in depends_on:
        check_dependency(dependency, size, jobs)
    return depends_on


def check_dependency(dependency: dict, size: int | None, jobs: dict[str, Job]) -> None:
    kind, job_id = dependency.get("type"), dependency.get("jobId")
    if kind not in (None, "N_TO_N", "SEQUENTIAL"):
        raise ClientException(f"Dependency type {kind} is none of N_TO_N, SEQUENTIAL")
    if kind and size is None:
        raise ClientException(f"A dependency of type {kind} needs an array job")
    if kind == "SEQUENTIAL":
        if job_id:
            raise ClientException("A SEQUENTIAL dependency has no jobId")
        return
    target = jobs.get(job_id or "")
    if target is None:
        raise ClientException(f"Job {job_id} that this one depends on does not exist")
    if kind == "N_TO_N" and target.spec.size != size:
        raise ClientException(f"N_TO_N needs arrays of the same size: {job_id} has {target.spec.size}, not {size}")


def resources(container: dict, overrides: dict) -> tuple[int, int]:
    """vCPUs and MiB. The deprecated `vcpus` and `memory` overrides yield to the definition's resourceRequirements."""
    given = {r["type"]: r["value"] for r in container.get("resourceRequirements", ())}
    legacy = {**container, **{k: overrides[k] for k in ("vcpus", "memory") if k in overrides}}
    given.update({r["type"]: r["value"] for r in overrides.get("resourceRequirements", ())})
    vcpus, memory = given.get("VCPU", legacy.get("vcpus")), given.get("MEMORY", legacy.get("memory"))
    if vcpus is None or not re.fullmatch(r"\d+(\.0+)?", str(vcpus)) or float(vcpus) < 1:
        raise ClientException(f"A job on EC2 needs a whole number of vCPUs, at least 1, not {vcpus}")
    if memory is None or not re.fullmatch(r"\d+", str(memory)) or int(memory) < 4:
        raise ClientException(f"A job needs at least 4 MiB of memory, not {memory}")
    return int(float(vcpus)), int(memory)


def environment(container: dict, overrides: dict) -> tuple[tuple[str, str], ...]:
    merged_env = {e["name"]: e.get("value", "") for e in container.get("environment", ())}
    merged_env.update({e["name"]: e.get("value", "") for e in overrides.get("environment", ())})
    reserved = [name for name in merged_env if name.startswith("AWS_BATCH")]
    if reserved:
        raise ClientException(f"Environment variables cannot start with AWS_BATCH: {', '.join(reserved)}")
    return tuple(merged_env.items())


def with_parameters(command: list[str], parameters: dict[str, str]) -> list[str]:
    return [PARAMETER.sub(lambda m: parameters.get(m[1], m[0]), part) for part in command]


def timeout(given: dict) -> int | None:
    seconds = given.get("attemptDurationSeconds")
    if seconds is not None and seconds < MIN_TIMEOUT:
        raise ClientException(f"attemptDurationSeconds must be at least {MIN_TIMEOUT}, not {seconds}")
    return seconds


def check_retry(strategy: dict) -> None:
    """Also used for RegisterJobDefinition."""
    entries = strategy.get("evaluateOnExit") or []
    if int(strategy.get("attempts", 1)) not in ATTEMPTS:
        raise ClientException(f"attempts must be between 1 and 10, not {strategy['attempts']}")
    if entries and "attempts" not in strategy:
        raise ClientException("evaluateOnExit needs attempts")
    if len(entries) > 5:
        raise ClientException(f"evaluateOnExit has at most 5 entries, not {len(entries)}")
    for entry in entries:
        check_entry(entry)


def check_entry(entry: dict) -> None:
    if str(entry.get("action", "")).upper() not in ("RETRY", "EXIT"):
        raise ClientException(f"evaluateOnExit action must be RETRY or EXIT, not {entry.get('action')!r}")
    conditions = [name for name in PATTERNS if name in entry]
    if not conditions:
        raise ClientException("An evaluateOnExit entry needs onExitCode, onReason or onStatusReason")
    for name in conditions:
        if not PATTERNS[name].fullmatch(entry[name]):
            raise ClientException(f"{name} {entry[name]!r} has a character that is not allowed")
