"""ListJobs: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from .errors import ClientException
from .job import STATES, Job
from .views import summary

if TYPE_CHECKING:
    from .batch import Batch

#: Most jobs in one page: without and with `filters`.
PAGE, FILTERED_PAGE = 1000, 100
SOURCES = ("jobQueue", "arrayJobId", "multiNodeJobId")


def page(request: dict, batch: Batch) -> dict:
    """One page of jobSummaryList, and nextToken where there is more."""
    given = [name for name in SOURCES if request.get(name)]
    if len(given) != 1:
        raise ClientException(f"ListJobs needs exactly one of {', '.join(SOURCES)}")
    filters = request.get("filters") or []
    found = matching(request, given[0], filters, batch)
    limit = page_size(request.get("maxResults"), FILTERED_PAGE if filters else PAGE)
    start = decode(request["nextToken"]) if request.get("nextToken") else 0
    answer = {"jobSummaryList": [summary(job) for job in found[start : start + limit]]}
    if start + limit < len(found):
        answer["nextToken"] = encode(start + limit)
    return answer


def matching(request: dict, source: str, filters: list[dict], batch: Batch) -> list[Job]:
    status = request.get("jobStatus")
    if status is not None and status not in STATES:
        raise ClientException(f"Job status is not one of {' | '.join(STATES)}")
    if source == "multiNodeJobId":
        raise ClientException("The test stack does not support multi-node parallel jobs")
    if source == "arrayJobId":
        if filters:
            raise ClientException("filters do not apply to the children of an array job")
        parent = batch.jobs.get(request["arrayJobId"])
        jobs = (parent.children if parent else None) or []
        return [job for job in jobs if job.status == (status or "RUNNING")]
    queue = batch.catalog.queue(request["jobQueue"])
    if queue is None:
        raise ClientException(f"Job queue {request['jobQueue']} does not exist")
    newest_first = [job for job in reversed(batch.submitted) if job.spec.queue_arn == queue.arn]
    if filters:
        wanted = filter_of(filters)
        return [job for job in newest_first if wanted(job)]
    return [job for job in newest_first if job.status == (status or "RUNNING")]


def filter_of(filters: list[dict]):
    if len(filters) != 1:
        raise ClientException("Only one filter can be used at a time")
    name, values = filters[0].get("name"), filters[0].get("values") or []
    if name == "JOB_NAME":
        return lambda job: any(glob(v.lower(), job.spec.name.lower()) for v in values)
    if name == "JOB_DEFINITION":
        return lambda job: any(glob(v, job.spec.definition_name) or v == job.spec.definition_arn for v in values)
    if name == "BEFORE_CREATED_AT":
        return lambda job: job.created_at < int(values[0])
    if name == "AFTER_CREATED_AT":
        return lambda job: job.created_at > int(values[0])
    raise ClientException(f"Filter {name} is none of JOB_NAME, JOB_DEFINITION, BEFORE_CREATED_AT, AFTER_CREATED_AT")


def glob(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def page_size(asked, most: int) -> int:
    if asked is not None and int(asked) < 1:
        raise ClientException("maxResults must be at least 1")
    return min(int(asked or most), most)


def encode(start: int) -> str:
    return base64.urlsafe_b64encode(f"after:{start}".encode()).decode()


def decode(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("after:"))
    except ValueError as error:
        raise ClientException("nextToken is not one that ListJobs gave") from error
