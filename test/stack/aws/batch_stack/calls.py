"""Counts every API call, by `service:Action`."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque


class Calls:
    #: Newest calls that are kept with time and answer.
    KEPT = 20_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self.counts: Counter[str] = Counter()
            self.statuses: Counter[str] = Counter()
            self.log: deque[dict] = deque(maxlen=self.KEPT)

    def begin(self, action: str) -> dict:
        """Counted when it arrives, so that a lost call counts as well."""
        entry = {"at": time.time(), "action": action, "status": None}
        with self._lock:
            self.counts[action] += 1
            self.log.append(entry)
        return entry

    def count(self, action: str) -> None:
        """One that is not a request of its own, or whose request does not tell its name."""
        self.end(self.begin(action), "200")

    def end(self, entry: dict, status: str) -> None:
        entry["status"] = status
        with self._lock:
            self.statuses[f"{entry['action']} {status}"] += 1

    def as_json(self, with_log: bool) -> dict:
        with self._lock:
            log = {"log": list(self.log)} if with_log else {}
            return {
                "calls": dict(self.counts),
                "answers": dict(self.statuses),
                "total": sum(self.counts.values()),
                **log,
            }

    def peak_per_second(self, action: str) -> int:
        """Most calls within any one second, of those that are kept."""
        with self._lock:
            times = [entry["at"] for entry in self.log if entry["action"] == action]
        window: deque[float] = deque()
        most = 0
        for at in times:
            window.append(at)
            while window[0] <= at - 1:
                window.popleft()
            most = max(most, len(window))
        return most
