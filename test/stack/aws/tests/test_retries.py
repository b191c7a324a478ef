"""Rules R1 to R6."""

import pytest
from conftest import Lab

SPOT = "Host EC2 (instance i-0123456789abcdef0) terminated."


def attempts(job: dict) -> list:
    return [(a["container"].get("exitCode"), a["statusReason"]) for a in job["attempts"]]


def test_without_a_strategy_there_is_one_attempt(instant: Lab):
    instant.stack.control("POST", "outcomes", {"exitCode": 7})
    job = instant.until(instant.submit())
    assert attempts(job) == [(7, "Essential container in task exited")]
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 7)


def test_every_failure_is_retried_where_nothing_matches(instant: Lab):
    instant.stack.control("POST", "outcomes", {"exitCode": 7, "times": 2})
    strategy = {"attempts": 3, "evaluateOnExit": [{"onExitCode": "9", "action": "EXIT"}]}
    job = instant.until(instant.submit(retryStrategy=strategy))
    assert [code for code, _ in attempts(job)] == [7, 7, 0]
    assert job["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("outcome", "tried"),
    [
        ({"exitCode": 1}, 1),
        ({"statusReason": SPOT}, 3),
        ({"statusReason": "Task failed to start", "reason": "CannotPullContainerError: x"}, 3),
        ({"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}, 1),
    ],
)
def test_evaluate_on_exit_decides(instant: Lab, outcome: dict, tried: int):
    instant.stack.control("POST", "outcomes", outcome)
    entries = [
        {"onStatusReason": "Host EC2*", "action": "RETRY"},
        {"onReason": "CannotPullContainerError:*", "action": "retry"},
        {"onReason": "*", "action": "EXIT"},
    ]
    job = instant.until(instant.submit(retryStrategy={"attempts": 3, "evaluateOnExit": entries}))
    assert len(job["attempts"]) == tried


def test_conditions_of_one_entry_must_all_match(instant: Lab):
    instant.stack.control("POST", "outcomes", {"exitCode": 1})
    entries = [
        {"onExitCode": "1", "onReason": "Other*", "action": "EXIT"},
        {"onExitCode": "1*", "action": "RETRY"},
    ]
    job = instant.until(instant.submit(retryStrategy={"attempts": 2, "evaluateOnExit": entries}))
    assert len(job["attempts"]) == 2


def test_the_submitted_strategy_replaces_that_of_the_definition(instant: Lab):
    name = instant.definition("-retry", retryStrategy={"attempts": 4})
    instant.stack.control("POST", "outcomes", {"exitCode": 1})
    assert len(instant.until(instant.submit(jobDefinition=name))["attempts"]) == 4
    again = instant.submit(jobDefinition=name, retryStrategy={"attempts": 1})
    assert len(instant.until(again)["attempts"]) == 1


def test_each_attempt_has_its_number_and_its_log(process: Lab):
    job = process.until(process.submit("echo try $AWS_BATCH_JOB_ATTEMPT; exit 7", retryStrategy={"attempts": 2}))
    streams = [a["container"]["logStreamName"] for a in job["attempts"]]
    assert [process.log_of(stream) for stream in streams] == [["try 1"], ["try 2"]]


def test_spot_takes_the_host_and_the_next_attempt_succeeds(process: Lab):
    entries = [{"onStatusReason": "Host EC2*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]
    job_id = process.submit(
        'if [ "$AWS_BATCH_JOB_ATTEMPT" = 1 ]; then sleep 60; fi',
        retryStrategy={"attempts": 2, "evaluateOnExit": entries},
    )
    process.until(job_id, "RUNNING")
    assert process.stack.control("POST", "reclaim", {"jobs": [job_id]}) == {"reclaimed": [job_id]}
    job = process.until(job_id)
    assert job["status"] == "SUCCEEDED"
    assert job["attempts"][0]["statusReason"].startswith("Host EC2 (instance i-")
    assert "exitCode" not in job["attempts"][0]["container"]
