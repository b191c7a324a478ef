"""Where a runnable job may start, or why it cannot: https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html"""

from __future__ import annotations

from dataclasses import dataclass

from .catalog import Environment, Queue
from .job import Spec

MAX_RESOURCE = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue"
    " cannot meet the CPU requirement of the job."
)
JOB_RESOURCE = (
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU)"
    " is higher than that can be met by the CE(s) attached to the job queue."
)
INVALID = "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."
UNDETERMINED = "UNDETERMINED - Batch job is blocked, root cause is undetermined."


@dataclass(frozen=True)
class Place:
    """An environment to start in now; or a reason why none will ever do; or neither: wait for a free vCPU."""

    environment: Environment | None = None
    stuck: str | None = None


def place(spec: Spec, queue: Queue, used: dict[str, int]) -> Place:
    """`used` is vCPUs in use by environment ARN. The queue's order of environments decides."""
    stuck = stuck_reason(spec, queue)
    if stuck:
        return Place(stuck=stuck)
    for environment in usable(queue):
        fits = has_instance(spec, environment) and environment.max_vcpus >= spec.vcpus
        if fits and used.get(environment.arn, 0) + spec.vcpus <= environment.max_vcpus:
            return Place(environment=environment)
    return Place()


def usable(queue: Queue) -> list[Environment]:
    return [e for e in queue.environments if e.enabled and e.valid]


def stuck_reason(spec: Spec, queue: Queue) -> str | None:
    if queue.environments and not any(e.valid for e in queue.environments):
        return INVALID
    environments = usable(queue)
    if not environments:
        return UNDETERMINED
    if all(e.max_vcpus < spec.vcpus for e in environments):
        return MAX_RESOURCE
    if not any(has_instance(spec, e) and e.max_vcpus >= spec.vcpus for e in environments):
        return JOB_RESOURCE
    return None


def has_instance(spec: Spec, environment: Environment) -> bool:
    if not environment.instances:
        return True
    return any(cpus >= spec.vcpus and memory >= spec.memory_mib for cpus, memory in environment.instances)
