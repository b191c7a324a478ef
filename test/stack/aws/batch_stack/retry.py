"""Retry decision: https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html"""

from __future__ import annotations

from .job import Job, Outcome

#: Field of an evaluateOnExit entry, and the fact that it is matched against.
CONDITIONS = ("onExitCode", "onReason", "onStatusReason")


def wants_retry(job: Job, outcome: Outcome) -> bool:
    """True if this failed attempt is followed by another."""
    if job.terminated or job.cancelled or outcome.timed_out:
        return False
    if len(job.attempts) >= job.spec.attempts:
        return False
    for entry in job.spec.evaluate_on_exit:
        if all_match(entry, outcome):
            return entry["action"].upper() == "RETRY"
    return True


def all_match(entry: dict, outcome: Outcome) -> bool:
    facts = {
        "onExitCode": "" if outcome.exit_code is None else str(outcome.exit_code),
        "onReason": outcome.reason or "",
        "onStatusReason": outcome.status_reason or "",
    }
    return all(glob_matches(entry[name], facts[name]) for name in CONDITIONS if name in entry)


def glob_matches(pattern: str, text: str) -> bool:
    """Only a final asterisk is special."""
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
