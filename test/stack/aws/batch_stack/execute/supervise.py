"""Watches one running attempt: its output, its time limit, and requests to stop it."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from dataclasses import dataclass
from typing import Protocol

from ..batch import Batch
from ..job import Job, Outcome, Stop
from ..logs import LogStream, MissingLogGroup
from ..scheduler import log_stream, reclaimed

#: SIGTERM to SIGKILL: https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
GRACE_SECONDS = 30
POLL = 0.02
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


@dataclass
class Watch:
    """Where an attempt is between its start and its end."""

    started: float | None = None
    timed_out: bool = False
    terminated_at: float | None = None
    killed: bool = False


def supervise(batch: Batch, job: Job, launch) -> Outcome:
    """Runs what `launch()` starts to its end."""
    stop = job.stop or Stop()
    try:
        log = LogStream(job.spec, log_stream(job))
        running: Running = launch()
    except MissingLogGroup as error:
        return CannotStart(f"CannotStartContainerError: The specified log group does not exist: {error}").outcome
    except CannotStart as error:
        return error.outcome
    watch = Watch()
    try:
        exit_code = follow(batch, job, running, stop, log, watch)
        outcome = running.outcome(exit_code)
    finally:
        log.flush()
        running.clean()
    if stop.kind == "reclaim":
        return reclaimed()
    return Outcome(outcome.exit_code, TIMED_OUT, None, timed_out=True) if watch.timed_out else outcome


def follow(batch: Batch, job: Job, running: Running, stop: Stop, log: LogStream, watch: Watch) -> int:
    """Copies output to the log until the process is over; returns its exit code."""
    out = running.process.stdout
    os.set_blocking(out.fileno(), False)
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        open_pipe = True
        while running.process.poll() is None:
            act(batch, job, running, stop, watch)
            if open_pipe and selector.select(POLL if watch.started is None else 0.1):
                rest, open_pipe = read_lines(out, rest, log)
                if not open_pipe:
                    selector.unregister(out)
            elif not open_pipe:
                time.sleep(POLL)
            else:
                log.flush()
    if watch.started is None and running.has_started():
        batch.run(job, log.name)
    drain(out, rest, log)
    return running.process.returncode


def act(batch: Batch, job: Job, running: Running, stop: Stop, watch: Watch) -> None:
    """Start, time limit and stop requests, in that order."""
    now, settings = time.monotonic(), batch.settings
    if watch.started is None and running.has_started():
        watch.started = now
        batch.run(job, log_stream(job))
    limit = job.spec.timeout_seconds
    if limit and watch.started and not watch.terminated_at and now > watch.started + settings.scaled(limit):
        watch.timed_out = True
    wanted = watch.timed_out or stop.event.is_set()
    if wanted and watch.started and not watch.terminated_at:
        watch.terminated_at = now
        running.signal("KILL" if stop.kind == "reclaim" else "TERM")
    elif watch.terminated_at and not watch.killed and now > watch.terminated_at + settings.scaled(GRACE_SECONDS):
        watch.killed = True
        running.signal("KILL")


def read_lines(out, rest: bytes, log: LogStream) -> tuple[bytes, bool]:
    data = out.read(65536)
    if data is None:
        return rest, True
    if not data:
        return rest, False
    *lines, rest = (rest + data).split(b"\n")
    for line in lines:
        log.line(line)
    return rest, True


def drain(out, rest: bytes, log: LogStream) -> None:
    """What is in the pipe when the process is over; a grandchild may hold it open, so no wait for its end."""
    more = True
    while more:
        before = len(rest)
        rest, open_pipe = read_lines(out, rest, log)
        more = open_pipe and len(rest) != before
    if rest:
        log.line(rest)
