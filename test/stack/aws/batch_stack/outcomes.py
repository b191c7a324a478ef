"""Outcomes that a test plans ahead: the next attempt that fits ends so, without running."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from .job import Job, Outcome


@dataclass
class Plan:
    """Which attempts, and how they end. `times` counts down; None means every time."""

    job_name: str
    index: int | None
    attempt: int | None
    times: int | None
    outcome: Outcome

    def fits(self, job: Job) -> bool:
        return (
            fnmatchcase(job.spec.name, self.job_name)
            and self.index in (None, job.index)
            and self.attempt in (None, len(job.attempts))
            and self.times != 0
        )


class Outcomes:
    def __init__(self) -> None:
        self.plans: list[Plan] = []

    def add(self, body: dict) -> None:
        """{jobName: glob, index?, attempt?, times?, exitCode?, statusReason?, reason?}"""
        status_reason = body.get("statusReason", "Essential container in task exited")
        outcome = Outcome(body.get("exitCode"), status_reason, body.get("reason"))
        plan = Plan(body.get("jobName", "*"), body.get("index"), body.get("attempt"), body.get("times"), outcome)
        self.plans.append(plan)

    def take(self, job: Job) -> Outcome | None:
        for plan in self.plans:
            if plan.fits(job):
                plan.times = None if plan.times is None else plan.times - 1
                return plan.outcome
        return None
