"""Job states and who changes them. See ../BATCH.md, whose rule numbers are in the comments."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter, deque

from . import listing, submit, views
from .catalog import Catalog
from .errors import ClientException
from .job import STATES, Attempt, Job, Outcome, Spec, Stop, now_ms
from .retry import wants_retry
from .settings import Settings

#: Longest reason of CancelJob and TerminateJob: API_TerminateJob.html
MAX_REASON = 1024


class Batch:
    """The jobs of one account and region. Every method may be called from any thread."""

    def __init__(self, catalog: Catalog, settings: Settings):
        self.catalog = catalog
        self.settings = settings
        #: Guards everything below; notified when the scheduler may have something to do.
        self.changed = threading.Condition(threading.RLock())
        self.jobs: dict[str, Job] = {}
        #: Plain jobs and parents, oldest first.
        self.submitted: list[Job] = []
        self.to_admit: deque[Job] = deque()
        #: Per queue ARN, in the order in which they became RUNNABLE.
        self.runnable: dict[str, deque[Job]] = {}
        self.running: dict[str, Job] = {}
        self.used_vcpus: Counter[str] = Counter()
        #: Jobs that are over and whose dependents do not know it yet.
        self._over: deque[Job] = deque()
        self._telling = False

    # -- the API ---------------------------------------------------------------------------------------------------

    def submit(self, request: dict) -> dict:
        with self.changed:
            spec = submit.parse(request, self.catalog, self.jobs)
            job = Job(id=str(uuid.uuid4()), spec=spec)
            self.jobs[job.id] = job
            self.submitted.append(job)
            self.to_admit.append(job)
            self.changed.notify_all()
        return {"jobName": spec.name, "jobId": job.id, "jobArn": job.arn}

    def describe(self, ids: list[str]) -> dict:
        if len(ids) > 100:
            raise ClientException(f"DescribeJobs takes up to 100 jobs, not {len(ids)}")
        with self.changed:
            found = [self.jobs.get(i.rsplit("/", 1)[-1]) for i in ids]
            return {"jobs": [views.detail(job) for job in found if job is not None]}

    def list(self, request: dict) -> dict:
        with self.changed:
            return listing.page(request, self)

    def cancel(self, job_id: str, reason: str) -> None:
        self._stop(job_id, reason, terminate=False)

    def terminate(self, job_id: str, reason: str) -> None:
        self._stop(job_id, reason, terminate=True)

    # -- transitions, all under the lock ---------------------------------------------------------------------------

    def admit(self, job: Job) -> None:
        """SUBMITTED to PENDING or RUNNABLE; an array gets its children (rules D1 to D4)."""
        if not job.is_parent:
            self._hang(job, [self.jobs.get(d["jobId"]) for d in job.spec.depends_on])
            return
        job.children = [Job(f"{job.id}:{i}", job.spec, index=i, parent=job) for i in range(job.spec.size or 0)]
        job.counts = dict.fromkeys(STATES, 0) | {"SUBMITTED": len(job.children)}
        self.jobs.update({child.id: child for child in job.children})
        if job.spec.depends_on:
            self._set(job, "PENDING")
        for child in job.children:
            self._hang(child, [self._dependency_of(child, d) for d in job.spec.depends_on])

    def start(self, job: Job, environment_arn: str) -> Attempt:
        """RUNNABLE to STARTING: takes the vCPUs and a new attempt."""
        self.used_vcpus[environment_arn] += job.spec.vcpus
        job.environment_arn = environment_arn
        job.stop = Stop()
        job.status_reason = None
        job.runnable_since = None
        attempt = Attempt(task_arn=task_arn(job.spec))
        job.attempts.append(attempt)
        self.running[job.id] = job
        self._set(job, "STARTING")
        return attempt

    def run(self, job: Job, log_stream: str) -> None:
        """STARTING to RUNNING."""
        with self.changed:
            attempt = job.attempts[-1]
            attempt.log_stream = log_stream
            attempt.started_at = job.started_at = now_ms()
            self._set(job, "RUNNING")

    def end(self, job: Job, outcome: Outcome) -> None:
        """The attempt is over: SUCCEEDED, FAILED, or RUNNABLE again (rules R1 to R6)."""
        with self.changed:
            self.running.pop(job.id, None)
            self.used_vcpus[job.environment_arn or ""] -= job.spec.vcpus
            attempt = job.attempts[-1]
            attempt.stopped_at = now_ms()
            attempt.exit_code, attempt.reason, attempt.status_reason = (
                outcome.exit_code,
                (outcome.reason or "")[:255] or None,
                outcome.status_reason,
            )
            if self.jobs.get(job.id) is not job:
                pass  # wiped while it ran
            elif outcome.ok and not job.terminated:
                self._finish(job, "SUCCEEDED", outcome.status_reason)
            elif wants_retry(job, outcome):
                self._make_runnable(job)
            else:
                self._finish(job, "FAILED", job.stop_reason if job.terminated else outcome.status_reason)
            self.changed.notify_all()

    def expire(self, job: Job, reason: str) -> None:
        """A queue's jobStateTimeLimitActions cancels the job at its head (rule Q5)."""
        job.cancelled = True
        self._finish(job, "FAILED", f"Canceled by JobStateTimeLimit action due to reason: {reason}")

    def forget(self) -> list[Job]:
        """Drops all jobs; returns those that still run, for the caller to end."""
        with self.changed:
            still = list(self.running.values())
            self.jobs.clear()
            self.submitted.clear()
            self.to_admit.clear()
            self.runnable.clear()
            self.changed.notify_all()
            return still

    # -- helpers ---------------------------------------------------------------------------------------------------

    def _dependency_of(self, child: Job, dependency: dict) -> Job | None:
        if dependency.get("type") == "SEQUENTIAL":
            return child.parent.children[child.index - 1] if child.index else None
        target = self.jobs.get(dependency["jobId"])
        if dependency.get("type") == "N_TO_N" and target is not None:
            return self.jobs.get(f"{target.id}:{child.index}", target)
        return target

    def _hang(self, job: Job, dependencies: list[Job | None]) -> None:
        """Counts what the job waits for; what succeeded already does not count."""
        open_ones = [d for d in dependencies if d is not None and not d.is_done]
        job.waiting_for = len(open_ones)
        job.dependency_failed = any(d is not None and d.status == "FAILED" for d in dependencies)
        for dependency in open_ones:
            dependency.dependents.append(job)
        if any(dependencies):
            self._set(job, "PENDING")
        self._advance(job)

    def _advance(self, job: Job) -> None:
        """A PENDING job after one of its dependencies changed (rules D5 to D7, C3)."""
        stopping = job.cancelled or job.terminated
        if job.is_done or (stopping and job.waiting_for > 0):
            return
        if stopping:
            self._finish(job, "FAILED", job.stop_reason)
        elif job.dependency_failed:
            self._finish(job, "FAILED", "Dependent Job failed")
        elif job.waiting_for == 0:
            self._make_runnable(job)

    def _make_runnable(self, job: Job) -> None:
        job.runnable_since = time.monotonic()
        job.status_reason = None
        self.runnable.setdefault(job.spec.queue_arn, deque()).append(job)
        self._set(job, "RUNNABLE")

    def _finish(self, job: Job, status: str, reason: str | None) -> None:
        job.status_reason = reason
        job.stopped_at = now_ms()
        job.stop = None
        self._over.append(job)
        self._set(job, status)
        if not self._telling:
            self._tell_dependents()

    def _tell_dependents(self) -> None:
        """In a loop and not by recursion: a SEQUENTIAL array of 10,000 may fail from its first child to its last."""
        self._telling = True
        try:
            while self._over:
                job = self._over.popleft()
                dependents, job.dependents = job.dependents, []
                for dependent in dependents:
                    dependent.waiting_for -= 1
                    dependent.dependency_failed |= job.status == "FAILED"
                    self._advance(dependent)
        finally:
            self._telling = False

    def _set(self, job: Job, status: str) -> None:
        before, job.status = job.status, status
        parent = job.parent
        if parent is None or parent.counts is None or before == status:
            return
        parent.counts[before] -= 1
        parent.counts[status] += 1
        self._update_parent(parent, status)

    def _update_parent(self, parent: Job, child_status: str) -> None:
        """Rules A4 to A6."""
        counts = parent.counts or {}
        if counts["SUCCEEDED"] + counts["FAILED"] == parent.spec.size:
            failed = counts["FAILED"] > 0
            stopped = parent.stop_reason if parent.cancelled or parent.terminated else None
            reason = (stopped or "Array Child Job failed") if failed else None
            self._finish(parent, "FAILED" if failed else "SUCCEEDED", reason)
        elif parent.status == "SUBMITTED" and child_status == "RUNNABLE":
            parent.status = "PENDING"

    def _stop(self, job_id: str, reason: str, terminate: bool) -> None:
        if not reason or len(reason) > MAX_REASON:
            raise ClientException(f"A reason of 1 to {MAX_REASON} characters is needed")
        with self.changed:
            job = self.jobs.get(job_id)
            if job is None:
                raise ClientException(f"Job {job_id} does not exist")
            if job in self.to_admit:
                self.to_admit.remove(job)
                self.admit(job)
            for target in [job, *(job.children or [])]:
                self._stop_one(target, reason, terminate)
            self.changed.notify_all()

    def _stop_one(self, job: Job, reason: str, terminate: bool) -> None:
        """Rules C1 to C5."""
        active = job.status in ("STARTING", "RUNNING")
        if job.is_done or (active and not terminate):
            return
        job.stop_reason = reason
        job.cancelled |= not terminate
        job.terminated |= terminate
        if active and job.stop:
            job.stop.ask("term")
        elif job.status == "RUNNABLE":
            self._finish(job, "FAILED", reason)
        elif not job.is_parent:
            self._advance(job)


def task_arn(spec: Spec) -> str:
    return f"arn:aws:ecs:{spec.region}:{spec.account}:task/AWSBatch-stack/{uuid.uuid4().hex}"
