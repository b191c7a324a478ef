"""Faults on purpose, chosen by API action. Counted, so that a test can place them exactly."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase

#: lose-answer: done, then the connection is cut. lose-request: cut before anything is done. throttle: 429.
#: error: 500. delay: done and answered late.
KINDS = ("lose-answer", "lose-request", "throttle", "error", "delay")


@dataclass
class Fault:
    """Hits calls whose `service:Action` fits the glob: skips `skip` of them, then hits `count` (None: all)."""

    action: str
    kind: str
    skip: int = 0
    count: int | None = 1
    #: Chance for each call after `skip`, 0 to 1, from a seeded generator.
    share: float = 1.0
    seed: int = 1
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r} is none of {', '.join(KINDS)}")
        self._random = random.Random(self.seed)
        self.hits = 0

    def hit(self, action: str) -> bool:
        if not fnmatchcase(action, self.action) or self.count == 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self._random.random() >= self.share:
            return False
        self.hits += 1
        self.count = None if self.count is None else self.count - 1
        return True


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, body: dict) -> None:
        with self._lock:
            self._faults.append(Fault(**body))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, action: str) -> Fault | None:
        """The first fault that hits this call."""
        with self._lock:
            return next((fault for fault in self._faults if fault.hit(action)), None)

    def as_json(self) -> list[dict]:
        with self._lock:
            return [{**asdict(fault), "hits": fault.hits} for fault in self._faults]
