"""One Batch, its scheduler and its catalog for each region that is asked for."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .batch import Batch
from .catalog import Catalog
from .execute.containers import run_container
from .execute.processes import run_process
from .job import Job, Outcome
from .outcomes import Outcomes
from .scheduler import Scheduler
from .settings import Settings

#: moto's only account unless told otherwise.
ACCOUNT = "123456789012"


@dataclass
class Region:
    catalog: Catalog
    batch: Batch
    scheduler: Scheduler
    settings: Settings


class Regions:
    def __init__(self, settings: Settings, outcomes: Outcomes):
        self.settings = settings
        self.outcomes = outcomes
        self._regions: dict[str, Region] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Region:
        with self._lock:
            if name not in self._regions:
                catalog = Catalog(ACCOUNT, name)
                batch = Batch(catalog, self.settings)
                scheduler = Scheduler(batch, run_attempt, self.outcomes)
                scheduler.start()
                self._regions[name] = Region(catalog, batch, scheduler, self.settings)
            return self._regions[name]

    def all(self) -> list[Region]:
        with self._lock:
            return list(self._regions.values())


def run_attempt(batch: Batch, job: Job) -> Outcome:
    return run_container(batch, job) if batch.settings.execute == "containers" else run_process(batch, job)
