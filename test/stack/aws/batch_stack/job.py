"""Jobs and what is known of them. Only batch.py changes a job, under its lock."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

STATES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
DONE = frozenset({"SUCCEEDED", "FAILED"})


def now_ms() -> int:
    return int(time.time() * 1000)


@dataclass(frozen=True)
class Spec:
    """What one SubmitJob asked for, after the job definition and the overrides were merged. Shared by all children."""

    name: str
    queue_arn: str
    queue_name: str
    definition_arn: str
    definition_name: str
    region: str
    account: str
    image: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    vcpus: int
    memory_mib: int
    attempts: int
    evaluate_on_exit: tuple[dict, ...]
    timeout_seconds: int | None
    depends_on: tuple[dict, ...]
    size: int | None
    parameters: dict
    tags: dict
    #: The job definition's containerProperties: mounts, user, ulimits…
    container: dict
    log_group: str
    log_prefix: str
    log_create_group: bool


@dataclass
class Attempt:
    """One try, as DescribeJobs shows it."""

    log_stream: str | None = None
    task_arn: str = ""
    started_at: int | None = None
    stopped_at: int | None = None
    exit_code: int | None = None
    reason: str | None = None
    status_reason: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. No exit code: the container never ran, or its host went away."""

    exit_code: int | None
    status_reason: str = "Essential container in task exited"
    reason: str | None = None
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.exit_code == 0 and not self.timed_out


class Stop:
    """Asks a running attempt to end: `term` (SIGTERM, 30 s, SIGKILL) or `reclaim` (its host goes away at once)."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.kind: str | None = None

    def ask(self, kind: str) -> None:
        self.kind = self.kind or kind
        self.event.set()


@dataclass(eq=False, slots=True)
class Job:
    """A plain job, an array's parent (`children` is a list) or a child (`index` and `parent` are set)."""

    id: str
    spec: Spec
    status: str = "SUBMITTED"
    status_reason: str | None = None
    created_at: int = field(default_factory=now_ms)
    started_at: int | None = None
    stopped_at: int | None = None
    index: int | None = None
    parent: Job | None = None
    children: list[Job] | None = None
    #: Children per state, kept up to date so that describing a parent costs the same for any size.
    counts: dict[str, int] | None = None
    #: Jobs that must succeed first and are not over yet.
    waiting_for: int = 0
    #: Jobs to tell when this one is over.
    dependents: list[Job] = field(default_factory=list)
    dependency_failed: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    cancelled: bool = False
    terminated: bool = False
    #: The last reason given to CancelJob or TerminateJob.
    stop_reason: str | None = None
    stop: Stop | None = None
    runnable_since: float | None = None
    environment_arn: str | None = None

    @property
    def is_parent(self) -> bool:
        return self.spec.size is not None and self.index is None

    @property
    def is_done(self) -> bool:
        return self.status in DONE

    @property
    def arn(self) -> str:
        return f"arn:aws:batch:{self.spec.region}:{self.spec.account}:job/{self.id}"
