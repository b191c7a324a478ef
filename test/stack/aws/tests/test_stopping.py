"""Rules C1 to C6 and T1 to T4."""

import pytest
from botocore.exceptions import ClientError
from conftest import Lab, wait_for

REASON = "user asked"


def test_terminate_ends_a_running_job_and_is_not_retried(process: Lab):
    job_id = process.submit("trap 'echo bye; exit 5' TERM; echo up; sleep 60 & wait", retryStrategy={"attempts": 3})
    running = process.until(job_id, "RUNNING")
    wait_for(lambda: process.log(running) == ["up"])
    process.batch.terminate_job(jobId=job_id, reason=REASON)
    job = process.until(job_id)
    assert (job["status"], job["statusReason"], job["isTerminated"]) == ("FAILED", REASON, True)
    assert [a["container"]["exitCode"] for a in job["attempts"]] == [5]
    assert process.log(job) == ["up", "bye"]


def test_a_job_that_ignores_sigterm_is_killed_after_thirty_seconds(process: Lab):
    job_id = process.submit("trap '' TERM; echo up; while :; do sleep 0.1; done")
    running = process.until(job_id, "RUNNING")
    wait_for(lambda: process.log(running) == ["up"])
    process.batch.terminate_job(jobId=job_id, reason=REASON)
    assert process.until(job_id)["container"]["exitCode"] == 137


def test_cancel_leaves_a_running_job_alone(manual: Lab):
    job_id = manual.submit()
    manual.until(job_id, "RUNNING")
    manual.batch.cancel_job(jobId=job_id, reason=REASON)
    manual.stack.control("POST", "finish", {"jobs": [job_id]})
    assert manual.until(job_id)["status"] == "SUCCEEDED"


def test_cancel_ends_a_runnable_job_at_once(manual: Lab):
    environment = manual.environment(max_vcpus=1, suffix="-small")
    queue = manual.queue("-small", [environment])
    first = manual.submit(jobQueue=queue)
    manual.until(first, "RUNNING")
    second = manual.submit(jobQueue=queue)
    manual.until(second, "RUNNABLE")
    manual.batch.cancel_job(jobId=second, reason=REASON)
    job = manual.job(second)
    assert (job["status"], job["statusReason"], job["isCancelled"]) == ("FAILED", REASON, True)


@pytest.mark.parametrize("action", ["cancel_job", "terminate_job"])
def test_a_pending_job_ends_only_when_its_dependencies_are_over(manual: Lab, action: str):
    first = manual.submit()
    second = manual.submit(dependsOn=[{"jobId": first}])
    manual.until(first, "RUNNING")
    manual.until(second, "PENDING")
    getattr(manual.batch, action)(jobId=second, reason=REASON)
    assert manual.job(second)["status"] == "PENDING"
    manual.stack.control("POST", "finish", {"jobs": [first]})
    assert manual.until(second)["statusReason"] == REASON


def test_terminating_a_parent_terminates_its_children(manual: Lab):
    environment = manual.environment(max_vcpus=2, suffix="-small")
    queue = manual.queue("-small", [environment])
    first = manual.submit(jobQueue=queue, arrayProperties={"size": 4})
    second = manual.submit(jobQueue=queue, arrayProperties={"size": 4}, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
    manual.until(first + ":1", "RUNNING")
    manual.stack.control("POST", "finish", {"jobs": [first + ":0"]})
    for job_id in (first, second):
        manual.batch.terminate_job(jobId=job_id, reason=REASON)
    ends = [manual.until(job_id) for job_id in (first, second)]
    assert [(j["status"], j["statusReason"]) for j in ends] == [("FAILED", REASON)] * 2
    assert [j["arrayProperties"]["statusSummary"]["SUCCEEDED"] for j in ends] == [1, 0]


def test_stopping_what_is_over_changes_nothing(instant: Lab):
    job_id = instant.submit()
    instant.until(job_id)
    instant.batch.terminate_job(jobId=job_id, reason=REASON)
    assert instant.job(job_id)["status"] == "SUCCEEDED"


def test_stopping_an_unknown_job_is_refused(instant: Lab):
    with pytest.raises(ClientError, match="does not exist"):
        instant.batch.terminate_job(jobId="nope", reason=REASON)


def test_a_timeout_ends_the_attempt_and_is_not_retried(process: Lab):
    job_id = process.submit("sleep 60", timeout={"attemptDurationSeconds": 60}, retryStrategy={"attempts": 3})
    job = process.until(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert [a["container"]["exitCode"] for a in job["attempts"]] == [143]


def test_the_timeout_of_an_array_is_that_of_each_child(process: Lab):
    process.stack.control("POST", "settings", {"timeScale": 0.1})
    parent = process.submit(
        "test $AWS_BATCH_JOB_ARRAY_INDEX = 0 || sleep 60",
        arrayProperties={"size": 2},
        timeout={"attemptDurationSeconds": 60},
    )
    process.until(parent)
    children = process.jobs(parent + ":0", parent + ":1")
    assert [j["status"] for j in children] == ["SUCCEEDED", "FAILED"]
    assert children[1]["statusReason"] == "Job attempt duration exceeded timeout"


@pytest.mark.parametrize("reason", ["", "x" * 1025])
def test_a_reason_is_needed_and_short(instant: Lab, reason: str):
    with pytest.raises(ClientError, match="A reason of 1 to 1024 characters"):
        instant.batch.cancel_job(jobId=instant.submit(), reason=reason)
