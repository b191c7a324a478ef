"""What attempts print, line by line into CloudWatch Logs while they run (kept by moto)."""

from __future__ import annotations

import threading
import time

from moto.logs.models import logs_backends

from .job import Spec, now_ms

#: moto's streams are not safe for several writers.
_lock = threading.Lock()
#: A line longer than this is cut into several events: quota of CloudWatch Logs.
MAX_EVENT = 256 * 1024 - 26
FLUSH_SECONDS = 0.2


class MissingLogGroup(Exception):
    """The job definition names a log group that does not exist; ECS then fails to start the container."""


class LogStream:
    """Lines of one attempt. Times never go back within a stream."""

    def __init__(self, spec: Spec, name: str):
        self.backend = logs_backends[spec.account][spec.region]
        self.group, self.name = spec.log_group, name
        self.events: list[dict] = []
        self.flushed = time.monotonic()
        with _lock:
            if self.group not in self.backend.groups and not spec.log_create_group:
                raise MissingLogGroup(self.group)
            self.backend.ensure_log_group(self.group)
            self.backend.ensure_log_stream(self.group, self.name)

    def line(self, data: bytes) -> None:
        text = data.rstrip(b"\r\n").decode("utf-8", "replace")
        for start in range(0, max(len(text), 1), MAX_EVENT):
            self.events.append({"timestamp": now_ms(), "message": text[start : start + MAX_EVENT]})
        if time.monotonic() - self.flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        self.flushed = time.monotonic()
        events, self.events = self.events, []
        if not events:
            return
        with _lock:
            if self.group in self.backend.groups:
                self.backend.put_log_events(self.group, self.name, events)
