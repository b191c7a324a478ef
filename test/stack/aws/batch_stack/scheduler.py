"""Moves jobs: admits what was submitted, starts what fits, in one thread; attempts run in a bounded pool."""

from __future__ import annotations

import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .batch import Batch
from .catalog import Queue
from .job import Job, Outcome
from .outcomes import Outcomes
from .placement import place

#: Seconds between looks while something waits for time to pass or for a compute environment to change.
TICK = 0.1

Execute = Callable[[Batch, Job], Outcome]


class Scheduler:
    """Started once per Batch. `execute` runs one attempt and returns how it ended; it is called in the pool."""

    def __init__(self, batch: Batch, execute: Execute, outcomes: Outcomes):
        self.batch = batch
        self.execute = execute
        self.outcomes = outcomes
        self.pool = ThreadPoolExecutor(max_workers=256, thread_name_prefix="attempt")
        self.in_pool = 0
        self.closing = False
        self.first_runnable: dict[str, float] = {}
        self.thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def close(self) -> None:
        """Ends every attempt that runs."""
        self.closing = True
        for job in self.batch.forget():
            if job.stop:
                job.stop.ask("reclaim")
        self.pool.shutdown(wait=True, cancel_futures=True)

    def finish_manual(self, ids: list[str], outcome: Outcome) -> int:
        """With `fake: manual`: ends these running jobs (all, for an empty list); returns how many."""
        with self.batch.changed:
            wanted = set(ids)
            found = [
                j for j in self.batch.running.values() if not wanted or j.id in wanted or j.id.split(":")[0] in wanted
            ]
            for job in found:
                self.batch.end(job, outcome)
            return len(found)

    def _loop(self) -> None:
        while not self.closing:
            with self.batch.changed:
                try:
                    moved = self._step()
                except Exception:  # a mistake in one step must not stop the stack; the log shows it
                    traceback.print_exc()
                    moved = False
                if not moved:
                    self.batch.changed.wait(TICK if self._waiting() else None)

    def _waiting(self) -> bool:
        fake_running = bool(self.batch.settings.fake) and bool(self.batch.running)
        return fake_running or any(self.batch.runnable.values())

    def _step(self) -> bool:
        moved = bool(self.batch.to_admit)
        while self.batch.to_admit:
            self.batch.admit(self.batch.to_admit.popleft())
        self._stop_fakes()
        for queue in self.batch.catalog.queues():
            moved |= self._serve(queue)
        return moved

    def _serve(self, queue: Queue) -> bool:
        """First in, first out; the head of the queue blocks those behind it (rules Q1 to Q4)."""
        waiting = self.batch.runnable.get(queue.arn)
        moved = False
        while waiting:
            head = waiting[0]
            if head.status != "RUNNABLE":
                waiting.popleft()
            elif self._start(head, queue):
                moved = True
            else:
                break
        if not waiting:
            self.first_runnable.pop(queue.arn, None)
        return moved

    def _start(self, job: Job, queue: Queue) -> bool:
        settings = self.batch.settings
        if self._scaling_up(queue):
            job.status_reason = settings.scale_up_reason or None
            return False
        found = place(job.spec, queue, self.batch.used_vcpus)
        if found.environment is None:
            self._blocked(job, queue, found.stuck)
            return False
        if not settings.fake and self.in_pool >= settings.slots:
            job.status_reason = None
            return False
        self.batch.runnable[queue.arn].popleft()
        self.batch.start(job, found.environment.arn)
        self._go(job)
        return True

    def _scaling_up(self, queue: Queue) -> bool:
        """Instances start when a queue gets its first RUNNABLE job and nothing of it runs."""
        seconds = self.batch.settings.scaled(self.batch.settings.scale_up_seconds)
        if not seconds or any(j.spec.queue_arn == queue.arn for j in self.batch.running.values()):
            return False
        return time.monotonic() < self.first_runnable.setdefault(queue.arn, time.monotonic()) + seconds

    def _blocked(self, job: Job, queue: Queue, reason: str | None) -> None:
        job.status_reason = reason
        since = job.runnable_since or time.monotonic()
        for limit in queue.time_limits if reason else ():
            due = since + self.batch.settings.scaled(limit["maxTimeSeconds"])
            if reason.startswith(limit["reason"]) and time.monotonic() >= due:
                self.batch.expire(job, limit["reason"])
                return

    def _go(self, job: Job) -> None:
        planned = self.outcomes.take(job)
        fake = self.batch.settings.fake
        if planned is not None or fake:
            self.batch.run(job, log_stream(job))
            if planned is not None or fake == "instant":
                self.batch.end(job, planned or Outcome(0))
            return
        self.in_pool += 1
        self.pool.submit(self._attempt, job)

    def _attempt(self, job: Job) -> None:
        try:
            outcome = self.execute(self.batch, job)
        except Exception as error:
            traceback.print_exc()
            outcome = Outcome(None, "Task failed to start", f"StackError: {error!r}")
        with self.batch.changed:
            self.in_pool -= 1
            self.batch.end(job, outcome)

    def _stop_fakes(self) -> None:
        """Attempts that nothing runs end here when they are stopped."""
        if not self.batch.settings.fake:
            return
        for job in [j for j in self.batch.running.values() if j.stop and j.stop.event.is_set()]:
            self.batch.end(job, reclaimed() if job.stop.kind == "reclaim" else Outcome(143))


def reclaimed() -> Outcome:
    """How Spot looks: https://docs.aws.amazon.com/batch/latest/userguide/bestpractice6.html"""
    return Outcome(None, f"Host EC2 (instance i-{uuid.uuid4().hex[:17]}) terminated.")


def log_stream(job: Job) -> str:
    """https://docs.aws.amazon.com/batch/latest/userguide/using_awslogs.html"""
    return f"{job.spec.log_prefix}/default/{job.attempts[-1].task_arn.rsplit('/', 1)[-1]}"
