"""Rules S1 to S8: ListJobs and DescribeJobs."""

import pytest
from botocore.exceptions import ClientError
from conftest import Lab


def names(answer: dict) -> list[str]:
    return [job["jobName"] for job in answer["jobSummaryList"]]


def test_running_jobs_are_the_default(manual: Lab):
    job_id = manual.submit(jobName="runs")
    manual.until(job_id, "RUNNING")
    waits = manual.submit(jobName="waits", dependsOn=[{"jobId": job_id}])
    manual.until(waits, "PENDING")
    assert names(manual.batch.list_jobs(jobQueue=manual.name)) == ["runs"]
    assert names(manual.batch.list_jobs(jobQueue=manual.name, jobStatus="PENDING")) == ["waits"]


def test_a_queue_lists_parents_and_an_array_its_children(instant: Lab):
    parent = instant.submit(jobName="array", arrayProperties={"size": 3})
    instant.until(parent)
    assert names(instant.batch.list_jobs(jobQueue=instant.name, jobStatus="SUCCEEDED")) == ["array"]
    children = instant.batch.list_jobs(arrayJobId=parent, jobStatus="SUCCEEDED")["jobSummaryList"]
    assert [(c["jobId"], c["arrayProperties"]) for c in children] == [(f"{parent}:{i}", {"index": i}) for i in range(3)]
    assert instant.batch.list_jobs(arrayJobId=parent)["jobSummaryList"] == []


def test_failed_children_come_with_exit_code_and_reason(instant: Lab):
    instant.stack.control(
        "POST", "outcomes", {"jobName": "oom", "index": 1, "exitCode": 137, "reason": "OutOfMemoryError: x"}
    )
    parent = instant.submit(jobName="oom", arrayProperties={"size": 3})
    instant.until(parent)
    (failed,) = instant.batch.list_jobs(arrayJobId=parent, jobStatus="FAILED")["jobSummaryList"]
    assert failed["container"] == {"exitCode": 137, "reason": "OutOfMemoryError: x"}
    assert failed["statusReason"] == "Essential container in task exited"


def test_pages_of_at_most_a_thousand(instant: Lab):
    parent = instant.submit(arrayProperties={"size": 2_500})
    instant.until(parent)
    paginator = instant.batch.get_paginator("list_jobs")
    pages = [len(p["jobSummaryList"]) for p in paginator.paginate(arrayJobId=parent, jobStatus="SUCCEEDED")]
    assert pages == [1000, 1000, 500]
    small = paginator.paginate(arrayJobId=parent, jobStatus="SUCCEEDED", PaginationConfig={"PageSize": 2_000})
    assert [len(p["jobSummaryList"]) for p in small] == [1000, 1000, 500]


def test_a_name_filter_ignores_case_and_status_and_gives_the_newest_first(instant: Lab):
    for name in ("run-1-picard", "run-1-kallisto", "run-2-picard"):
        instant.until(instant.submit(jobName=name))

    def found(value: str) -> list[str]:
        filters = [{"name": "JOB_NAME", "values": [value]}]
        return names(instant.batch.list_jobs(jobQueue=instant.name, filters=filters, jobStatus="RUNNING"))

    assert found("RUN-1*") == ["run-1-kallisto", "run-1-picard"]
    assert found("run-1-picard") == ["run-1-picard"]
    assert found("run-1") == []


def test_filtered_pages_have_at_most_a_hundred(instant: Lab):
    for _ in range(101):
        instant.submit(jobName="many")
    filters = [{"name": "JOB_NAME", "values": ["many"]}]
    pages = instant.batch.get_paginator("list_jobs").paginate(jobQueue=instant.name, filters=filters)
    assert [len(p["jobSummaryList"]) for p in pages] == [100, 1]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "exactly one of jobQueue, arrayJobId, multiNodeJobId"),
        ({"jobQueue": "q", "arrayJobId": "a"}, "exactly one of jobQueue, arrayJobId, multiNodeJobId"),
        ({"jobQueue": "none"}, "Job queue none does not exist"),
        ({"arrayJobId": "a", "jobStatus": "DONE"}, "Job status is not one of"),
        ({"arrayJobId": "a", "filters": [{"name": "JOB_NAME", "values": ["x"]}]}, "filters do not apply"),
        ({"arrayJobId": "a", "maxResults": 0}, "maxResults must be at least 1"),
        ({"arrayJobId": "a", "nextToken": "%%"}, "nextToken is not one"),
    ],
)
def test_a_wrong_list_request_is_refused(instant: Lab, request_: dict, message: str):
    with pytest.raises(ClientError, match=message):
        instant.batch.list_jobs(**request_)


def test_describe_takes_a_hundred_ids_and_leaves_out_unknown_ones(instant: Lab):
    job_id = instant.submit()
    assert [j["jobId"] for j in instant.jobs("nope", job_id)] == [job_id]
    with pytest.raises(ClientError, match="up to 100 jobs, not 101"):
        instant.jobs(*(["x"] * 101))


def test_a_described_job_tells_what_was_merged(instant: Lab):
    job_id = instant.submit(
        parameters={"who": "moon"},
        tags={"run": "r1"},
        timeout={"attemptDurationSeconds": 90},
        retryStrategy={"attempts": 2},
    )
    job = instant.until(job_id)
    assert job["container"]["command"] == ["sh", "-c", "echo hello moon"]
    assert (job["tags"], job["timeout"], job["retryStrategy"]["attempts"]) == (
        {"run": "r1"},
        {"attemptDurationSeconds": 90},
        2,
    )
    assert job["createdAt"] <= job["startedAt"] <= job["stoppedAt"]
    assert job["jobArn"] == f"arn:aws:batch:us-east-1:123456789012:job/{job_id}"
