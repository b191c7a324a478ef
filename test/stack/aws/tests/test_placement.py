"""Rules Q1 to Q8."""

import pytest
from conftest import Lab, wait_for

MAX_RESOURCE = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue"
    " cannot meet the CPU requirement of the job."
)
JOB_RESOURCE = (
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU)"
    " is higher than that can be met by the CE(s) attached to the job queue."
)
INVALID = "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."
UNDETERMINED = "UNDETERMINED - Batch job is blocked, root cause is undetermined."


def stuck_with(lab: Lab, job_id: str) -> str:
    return wait_for(lambda: lab.job(job_id).get("statusReason"))


def needs(vcpus: int, memory: int) -> dict:
    requirements = [{"type": "VCPU", "value": str(vcpus)}, {"type": "MEMORY", "value": str(memory)}]
    return {"containerOverrides": {"resourceRequirements": requirements}}


def test_vcpus_of_the_environment_limit_what_runs(manual: Lab):
    queue = manual.queue("-3", [manual.environment(max_vcpus=3, suffix="-3")])
    parent = manual.submit(jobQueue=queue, arrayProperties={"size": 5})
    wait_for(lambda: manual.job(parent)["arrayProperties"]["statusSummary"]["RUNNING"] == 3)
    assert manual.job(parent)["arrayProperties"]["statusSummary"]["RUNNABLE"] == 2
    manual.stack.control("POST", "finish", {"jobs": [parent + ":0"]})
    manual.until(parent + ":3", "RUNNING")


def test_the_second_environment_takes_what_the_first_has_no_room_for(manual: Lab):
    order = [manual.environment(max_vcpus=1, suffix="-spot"), manual.environment(max_vcpus=1, suffix="-demand")]
    queue = manual.queue("-both", order)
    first, second = (manual.submit(jobQueue=queue) for _ in range(2))
    assert [manual.until(j, "RUNNING")["status"] for j in (first, second)] == ["RUNNING"] * 2


def test_the_head_of_the_queue_blocks_a_smaller_job_behind_it(manual: Lab):
    queue = manual.queue("-2", [manual.environment(max_vcpus=2, suffix="-2")])
    running = manual.submit(jobQueue=queue)
    manual.until(running, "RUNNING")
    large = manual.submit(jobQueue=queue, **needs(2, 64))
    small = manual.submit(jobQueue=queue)
    manual.until(small, "RUNNABLE")
    assert "statusReason" not in manual.job(large)
    manual.stack.control("POST", "finish", {"jobs": [running]})
    manual.until(large, "RUNNING")
    assert manual.job(small)["status"] == "RUNNABLE"


def test_a_queue_of_higher_priority_is_served_first(manual: Lab):
    environment = manual.environment(max_vcpus=1, suffix="-1")
    low, high = manual.queue("-low", [environment], 1), manual.queue("-high", [environment], 9)
    running = manual.submit(jobQueue=low)
    manual.until(running, "RUNNING")
    waiting, urgent = manual.submit(jobQueue=low), manual.submit(jobQueue=high)
    manual.until(urgent, "RUNNABLE")
    manual.stack.control("POST", "finish", {"jobs": [running]})
    manual.until(urgent, "RUNNING")
    assert manual.job(waiting)["status"] == "RUNNABLE"


@pytest.mark.parametrize(
    ("max_vcpus", "types", "vcpus", "memory", "reason"),
    [
        (2, ["optimal"], 4, 64, MAX_RESOURCE),
        (256, ["m5.large"], 4, 64, JOB_RESOURCE),
        (256, ["m5.large"], 1, 8192, JOB_RESOURCE),
        (256, ["c5"], 1, 500_000, JOB_RESOURCE),
    ],
)
def test_a_job_that_no_environment_can_take_says_why(manual: Lab, max_vcpus, types, vcpus, memory, reason):
    queue = manual.queue("-odd", [manual.environment(max_vcpus, types, "-odd")])
    job_id = manual.submit(jobQueue=queue, **needs(vcpus, memory))
    assert stuck_with(manual, job_id) == reason
    assert manual.job(job_id)["status"] == "RUNNABLE"


def test_memory_of_an_instance_is_not_all_usable(manual: Lab):
    queue = manual.queue("-large", [manual.environment(256, ["m5.large"], "-large")])
    manual.until(manual.submit(jobQueue=queue, **needs(2, 7800)), "RUNNING")


def test_disabled_and_invalid_environments_are_told_apart_and_recover(manual: Lab):
    environment = manual.environment(suffix="-off")
    queue = manual.queue("-off", [environment])
    manual.batch.update_compute_environment(computeEnvironment=environment, state="DISABLED")
    job_id = manual.submit(jobQueue=queue)
    assert stuck_with(manual, job_id) == UNDETERMINED
    manual.stack.control("POST", "compute-environments", {"name": environment, "status": "INVALID"})
    wait_for(lambda: manual.job(job_id).get("statusReason") == INVALID)
    described = manual.batch.describe_compute_environments(computeEnvironments=[environment])["computeEnvironments"][0]
    assert (described["status"], described["state"]) == ("INVALID", "DISABLED")
    manual.stack.control("POST", "compute-environments", {"name": environment, "status": "VALID"})
    manual.batch.update_compute_environment(computeEnvironment=environment, state="ENABLED")
    assert "statusReason" not in manual.until(job_id, "RUNNING")


def test_a_time_limit_of_the_queue_cancels_its_stuck_head(manual: Lab):
    limit = {
        "reason": "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "state": "RUNNABLE",
        "maxTimeSeconds": 600,
        "action": "CANCEL",
    }
    environment = manual.environment(max_vcpus=2, suffix="-tl")
    queue = manual.queue("-tl", [environment], jobStateTimeLimitActions=[limit])
    described = manual.batch.describe_job_queues(jobQueues=[queue])["jobQueues"][0]
    assert described["jobStateTimeLimitActions"] == [limit]
    stuck, next_one = manual.submit(jobQueue=queue, **needs(4, 64)), manual.submit(jobQueue=queue)
    assert stuck_with(manual, stuck) == MAX_RESOURCE
    manual.stack.control("POST", "settings", {"timeScale": 0.0001})
    reason = "Canceled by JobStateTimeLimit action due to reason: MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
    assert manual.until(stuck)["statusReason"] == reason
    manual.until(next_one, "RUNNING")


def test_a_scale_up_shows_a_reason_that_passes(manual: Lab):
    settings = {"scaleUpSeconds": 3600, "scaleUpReason": JOB_RESOURCE}
    manual.stack.control("POST", "settings", settings)
    job_id = manual.submit()
    assert stuck_with(manual, job_id) == JOB_RESOURCE
    manual.stack.control("POST", "settings", {"scaleUpSeconds": 0, "scaleUpReason": ""})
    assert "statusReason" not in manual.until(job_id, "RUNNING")


def test_a_disabled_queue_takes_no_jobs(instant: Lab):
    instant.batch.update_job_queue(jobQueue=instant.name, state="DISABLED")
    with pytest.raises(instant.batch.exceptions.ClientException, match="is not ENABLED"):
        instant.submit()
