"""A token bucket: SubmitJob's 50 a second, https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html"""

from __future__ import annotations

import threading
import time


class Rate:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: float | None = None
        self._at = 0.0

    def allows(self, per_second: float) -> bool:
        """Takes one token; the bucket holds one second's worth, at least one. 0 means no limit."""
        if not per_second:
            return True
        with self._lock:
            now = time.monotonic()
            capacity = max(1.0, per_second)
            before = capacity if self._tokens is None else self._tokens
            self._tokens = min(capacity, before + (now - self._at) * per_second)
            self._at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
