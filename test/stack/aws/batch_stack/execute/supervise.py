"""Watches one running attempt: its output, its time limit, and requests to stop it."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable
from typing import Protocol

from ..batch import Batch
from ..job import Job, Outcome, Stop
from ..logs import LogStream, MissingLogGroup
from ..scheduler import log_stream, reclaimed

#: SIGTERM to SIGKILL: https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
GRACE_SECONDS = 30
#: Seconds between looks, while the start is awaited and later, when nothing is printed.
POLL, IDLE = 0.02, 0.1
TIMED_OUT = "Job attempt duration exceeded timeout"


class CannotStart(Exception):
    """The attempt never ran. `exit_code` is the container runtime's, if it got so far."""

    def __init__(self, reason: str, exit_code: int | None = None):
        super().__init__(reason)
        self.outcome = Outcome(exit_code, "Task failed to start", reason)


class Running(Protocol):
    """A started attempt. `process` has one pipe with everything that it prints."""

    process: subprocess.Popen

    def has_started(self) -> bool: ...
    def signal(self, name: str) -> None: ...
    def outcome(self, exit_code: int) -> Outcome: ...
    def clean(self) -> None: ...


def supervise(batch: Batch, job: Job, launch: Callable[[], Running]) -> Outcome:
    """Runs what `launch()` starts to its end."""
    try:
        log = LogStream(job.spec, log_stream(job))
        running = launch()
    except MissingLogGroup as error:
        return CannotStart(f"CannotStartContainerError: The specified log group does not exist: {error}").outcome
    except CannotStart as error:
        return error.outcome
    return Supervisor(batch, job, running, log).watch()


class Supervisor:
    """One attempt, from its start to its end."""

    def __init__(self, batch: Batch, job: Job, running: Running, log: LogStream):
        self.batch, self.job, self.running, self.log = batch, job, running, log
        self.stop = job.stop or Stop()
        self.output = running.process.stdout
        self.rest = b""
        self.started: float | None = None
        self.timed_out = False
        self.terminated_at: float | None = None
        self.killed = False

    def watch(self) -> Outcome:
        try:
            self._follow()
            outcome = self.running.outcome(self.running.process.returncode)
        finally:
            self.log.flush()
            self.running.clean()
        if self.stop.kind == "reclaim":
            return reclaimed()
        return Outcome(outcome.exit_code, TIMED_OUT, timed_out=True) if self.timed_out else outcome

    def _follow(self) -> None:
        """Copies output to the log until the process is over."""
        os.set_blocking(self.output.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(self.output, selectors.EVENT_READ)
            while self.running.process.poll() is None:
                self._act()
                if not selector.get_map():
                    time.sleep(POLL)
                elif not selector.select(POLL if self.started is None else IDLE):
                    self.log.flush()
                elif not self._read():
                    selector.unregister(self.output)
        self._notice_start()
        self._read_rest()

    def _act(self) -> None:
        """Start, time limit and stop requests, in that order."""
        self._notice_start()
        if self.started is None:
            return
        now, settings, limit = time.monotonic(), self.batch.settings, self.job.spec.timeout_seconds
        if limit and not self.terminated_at and now > self.started + settings.scaled(limit):
            self.timed_out = True
        if not self.terminated_at and (self.timed_out or self.stop.event.is_set()):
            self.terminated_at = now
            self.running.signal("KILL" if self.stop.kind == "reclaim" else "TERM")
        elif self.terminated_at and not self.killed and now > self.terminated_at + settings.scaled(GRACE_SECONDS):
            self.killed = True
            self.running.signal("KILL")

    def _notice_start(self) -> None:
        if self.started is None and self.running.has_started():
            self.started = time.monotonic()
            self.batch.run(self.job, self.log.name)

    def _read(self) -> bool:
        """Takes what is there; False at the end of the output."""
        data = self.output.read(65536)
        if data:
            self._keep(data)
        return data != b""

    def _read_rest(self) -> None:
        """What is in the pipe when the process is over; a grandchild may hold it open, so no wait for its end."""
        while data := self.output.read(65536):
            self._keep(data)
        if self.rest:
            self.log.line(self.rest)

    def _keep(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.log.line(line)
