"""Rules V1 to V12: what SubmitJob and RegisterJobDefinition refuse."""

import pytest
from botocore.exceptions import ClientError
from conftest import Lab, Stack

ENTRY = {"onExitCode": "1", "action": "RETRY"}


def refusal(lab: Lab, **request) -> str:
    with pytest.raises(ClientError) as caught:
        lab.submit(**request)
    assert caught.value.response["Error"]["Code"] == "ClientException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"jobName": "_x"}, "Job name should match valid pattern, not '_x'"),
        ({"jobName": "x" * 129}, f"Job name should match valid pattern, not '{'x' * 129}'"),
        ({"jobName": "a.b"}, "Job name should match valid pattern, not 'a.b'"),
        ({"jobQueue": "none"}, "Job queue none does not exist"),
        ({"jobDefinition": "none:1"}, "Job definition none:1 does not exist or is not ACTIVE"),
        ({"arrayProperties": {"size": 1}}, "Array size must be between 2 and 10000, not 1"),
        ({"arrayProperties": {"size": 10_001}}, "Array size must be between 2 and 10000, not 10001"),
        ({"dependsOn": [{"jobId": "nope"}]}, "Job nope that this one depends on does not exist"),
        ({"dependsOn": [{"type": "SEQUENTIAL"}]}, "A dependency of type SEQUENTIAL needs an array job"),
        ({"dependsOn": [{"jobId": "a"}] * 21}, "A job can depend upon at most 20 jobs, not 21"),
        ({"timeout": {"attemptDurationSeconds": 59}}, "attemptDurationSeconds must be at least 60, not 59"),
        ({"retryStrategy": {"attempts": 11}}, "attempts must be between 1 and 10, not 11"),
        ({"retryStrategy": {"evaluateOnExit": [ENTRY]}}, "evaluateOnExit needs attempts"),
        (
            {"retryStrategy": {"attempts": 2, "evaluateOnExit": [ENTRY] * 6}},
            "evaluateOnExit has at most 5 entries, not 6",
        ),
        (
            {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onStatusReason": "Host EC2 (*", "action": "EXIT"}]}},
            "onStatusReason 'Host EC2 (*' has a character that is not allowed",
        ),
        (
            {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onReason": "*", "action": "STOP"}]}},
            "evaluateOnExit action must be RETRY or EXIT, not 'STOP'",
        ),
        (
            {"containerOverrides": {"environment": [{"name": "AWS_BATCH_X", "value": "1"}]}},
            "Environment variables cannot start with AWS_BATCH: AWS_BATCH_X",
        ),
        (
            {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "0.5"}]}},
            "A job on EC2 needs a whole number of vCPUs, at least 1, not 0.5",
        ),
        (
            {"containerOverrides": {"resourceRequirements": [{"type": "MEMORY", "value": "3"}]}},
            "A job needs at least 4 MiB of memory, not 3",
        ),
        ({"shareIdentifier": "s"}, "The test stack does not support shareIdentifier"),
        (
            {"containerOverrides": {"resourceRequirements": [{"type": "GPU", "value": "1"}]}},
            "The test stack does not support GPU",
        ),
    ],
)
def test_a_wrong_request_is_refused(instant: Lab, request_: dict, message: str):
    assert refusal(instant, **request_) == message


def test_n_to_n_needs_equal_sizes(instant: Lab):
    array = instant.submit(arrayProperties={"size": 3})
    message = refusal(instant, arrayProperties={"size": 2}, dependsOn=[{"jobId": array, "type": "N_TO_N"}])
    assert message == f"N_TO_N needs arrays of the same size: {array} has 3, not 2"


def test_thirty_kibibytes_are_the_most_for_one_request(instant: Lab):
    def with_text(size: int) -> dict:
        return {"containerOverrides": {"environment": [{"name": "X", "value": "x" * size}]}}

    assert instant.until(instant.submit(**with_text(29_000)))["status"] == "SUCCEEDED"
    assert "is larger than 30720" in refusal(instant, **with_text(31_000))


def test_a_revision_can_be_named_and_a_deregistered_one_not_used(instant: Lab):
    instant.definition(parameters={"who": "moon"})
    assert instant.job(instant.submit())["jobDefinition"].endswith(f"{instant.name}:2")
    first = instant.job(instant.submit(jobDefinition=f"{instant.name}:1"))
    assert first["jobDefinition"].endswith(f"{instant.name}:1")
    instant.batch.deregister_job_definition(jobDefinition=f"{instant.name}:2")
    assert "is not ACTIVE" in refusal(instant, jobDefinition=f"{instant.name}:2")
    assert instant.job(instant.submit())["jobDefinition"].endswith(f"{instant.name}:1")


def test_a_new_revision_inherits_nothing(instant: Lab):
    instant.definition(parameters={"who": "moon"}, retryStrategy={"attempts": 3})
    instant.definition()
    revisions = instant.batch.describe_job_definitions(jobDefinitionName=instant.name)["jobDefinitions"]
    newest = max(revisions, key=lambda d: d["revision"])
    assert (newest["revision"], newest["parameters"], newest["retryStrategy"]) == (3, {}, {})


def test_job_definitions_come_in_pages(instant: Lab):
    for _ in range(4):
        instant.definition()
    pages = instant.batch.get_paginator("describe_job_definitions").paginate(
        jobDefinitionName=instant.name, PaginationConfig={"PageSize": 2}
    )
    assert [len(p["jobDefinitions"]) for p in pages] == [2, 2, 1]


def test_a_job_definition_is_checked_when_it_is_registered(instant: Lab):
    with pytest.raises(ClientError, match="attempts must be between 1 and 10"):
        instant.definition("-x", retryStrategy={"attempts": 12})
    with pytest.raises(ClientError, match="must be at least 60"):
        instant.definition("-x", timeout={"attemptDurationSeconds": 10})


def test_deprecated_overrides_yield_to_resource_requirements(instant: Lab):
    job = instant.job(instant.submit(containerOverrides={"vcpus": 9, "memory": 999}))
    assert job["container"]["resourceRequirements"] == [
        {"type": "VCPU", "value": "1"},
        {"type": "MEMORY", "value": "64"},
    ]


def test_more_submissions_than_the_rate_allows_are_throttled():
    """One in a thousand seconds, so that the test does not depend on how fast it runs."""
    stack = Stack(BATCH_FAKE_EXECUTE="instant", BATCH_SETTINGS='{"submitRate": 0.001}')
    try:
        lab = Lab(stack)
        lab.submit()
        with pytest.raises(ClientError) as caught:
            lab.submit()
        assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    finally:
        stack.close()


def test_the_rate_is_fifty_a_second_unless_a_test_says_otherwise():
    stack = Stack(BATCH_FAKE_EXECUTE="instant")
    try:
        assert stack.control("GET", "settings")["submitRate"] == 50
    finally:
        stack.close()
