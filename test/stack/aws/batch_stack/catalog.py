"""Queues, compute environments and job definitions: the account data that moto keeps. Only this reads moto's Batch."""

from __future__ import annotations

from dataclasses import dataclass, field

from moto.batch.models import batch_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES

#: Families behind `optimal`: https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
OPTIMAL = ("c4", "m4", "r4")
#: Kernel and ECS agent take their part, so a job can never have all the memory that an instance has:
#: https://docs.aws.amazon.com/batch/latest/userguide/memory-management.html (the share is this stack's choice).
USABLE_MEMORY = 0.96


@dataclass(frozen=True)
class Environment:
    """A compute environment as placement sees it."""

    arn: str
    name: str
    enabled: bool
    valid: bool
    max_vcpus: int
    #: (vCPUs, usable MiB) of each allowed instance type; empty means any size.
    instances: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Queue:
    arn: str
    name: str
    enabled: bool
    priority: int
    environments: tuple[Environment, ...]
    time_limits: tuple[dict, ...]


@dataclass
class Catalog:
    """Looks things up in one account and region."""

    account: str
    region: str
    #: Queue ARN to its jobStateTimeLimitActions, which moto does not keep.
    time_limits: dict[str, list[dict]] = field(default_factory=dict)
    #: Compute environment name to (status, statusReason), set by tests.
    invalid: dict[str, str] = field(default_factory=dict)

    @property
    def backend(self):
        return batch_backends[self.account][self.region]

    def queue(self, name_or_arn: str) -> Queue | None:
        found = self.backend.get_job_queue(name_or_arn)
        return None if found is None else self._queue(found)

    def queues(self) -> list[Queue]:
        """Highest priority first."""
        return sorted((self._queue(q) for q in self.backend._job_queues.values()), key=lambda q: -q.priority)

    def definition(self, name: str):
        """moto's job definition: by name (newest active revision), name:revision or ARN; None if there is none."""
        found = self.backend.get_job_definition(name)
        if found is not None and found.status != "ACTIVE" and ":" not in name.rsplit("/", 1)[-1]:
            active = [d for d in self.backend.get_job_definitions(name) or [] if d.status == "ACTIVE"]
            found = max(active, key=lambda d: d.revision, default=found)
        return found

    def _queue(self, found) -> Queue:
        environments = tuple(self._environment(e) for e in found.environments)
        limits = tuple(self.time_limits.get(found.arn, ()))
        return Queue(found.arn, found.name, found.state == "ENABLED", int(found.priority), environments, limits)

    def _environment(self, found) -> Environment:
        resources = found.compute_resources or {}
        types = resources.get("instanceTypes") or []
        return Environment(
            arn=found.arn,
            name=found.name,
            enabled=found.state == "ENABLED",
            valid=found.name not in self.invalid,
            max_vcpus=int(resources.get("maxvCpus", 256)),
            instances=instance_sizes(tuple(types)),
        )


_sizes: dict[tuple[str, ...], tuple[tuple[int, int], ...]] = {}


def instance_sizes(types: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """(vCPUs, usable MiB) of types (`m5.large`), families (`m5`) and `optimal`."""
    if types not in _sizes:
        families = [f for name in types for f in (OPTIMAL if name in ("optimal", "default_x86_64") else (name,))]
        known = [facts for name, facts in INSTANCE_TYPES.items() if name in families or name.split(".")[0] in families]
        _sizes[types] = tuple(sorted({size_of(facts) for facts in known}))
    return _sizes[types]


def size_of(facts: dict) -> tuple[int, int]:
    return facts["VCpuInfo"]["DefaultVCpus"], int(facts["MemoryInfo"]["SizeInMiB"] * USABLE_MEMORY)
