"""Rules F1 to F6: counting, faults, wiping."""

import http.client
import json

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from conftest import Lab, wait_for


def calls(lab: Lab) -> dict:
    return lab.stack.control("GET", "calls")["calls"]


def test_every_call_is_counted_by_action(instant: Lab):
    instant.stack.control("DELETE", "calls")
    job_id = instant.submit(arrayProperties={"size": 1000})
    instant.jobs(job_id)
    instant.jobs(job_id)
    instant.stack.logs.describe_log_groups()
    instant.stack.client("ecr").describe_repositories()
    instant.stack.client("iam").list_roles()
    assert calls(instant) == {
        "batch:SubmitJob": 1,
        "batch:DescribeJobs": 2,
        "logs:DescribeLogGroups": 1,
        "ecr:DescribeRepositories": 1,
        "iam:ListRoles": 1,
    }


def test_an_answer_can_be_lost_after_the_job_was_accepted(instant: Lab):
    instant.stack.control("POST", "faults", {"action": "batch:SubmitJob", "kind": "lose-answer"})
    with pytest.raises(ConnectionClosedError):
        instant.submit(jobName="lost")
    filters = [{"name": "JOB_NAME", "values": ["lost"]}]
    found = instant.batch.list_jobs(jobQueue=instant.name, filters=filters)["jobSummaryList"]
    assert [job["jobName"] for job in found] == ["lost"]
    assert instant.until(instant.submit(jobName="next"))["status"] == "SUCCEEDED"


def test_a_request_can_be_lost_before_it_was_seen(instant: Lab):
    instant.stack.control("POST", "faults", {"action": "batch:SubmitJob", "kind": "lose-request", "skip": 1})
    instant.submit(jobName="first")
    with pytest.raises(ConnectionClosedError):
        instant.submit(jobName="second")
    filters = [{"name": "JOB_NAME", "values": ["second"]}]
    assert instant.batch.list_jobs(jobQueue=instant.name, filters=filters)["jobSummaryList"] == []


def test_a_share_of_calls_is_throttled(instant: Lab):
    fault = {"action": "batch:DescribeJobs", "kind": "throttle", "share": 0.5, "count": None, "seed": 7}
    instant.stack.control("POST", "faults", fault)
    codes = []
    for _ in range(40):
        try:
            instant.jobs("x")
        except ClientError as error:
            codes.append((error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]))
    assert set(codes) == {("TooManyRequestsException", 429)}
    assert instant.stack.control("GET", "faults")["faults"][0]["hits"] == len(codes)
    assert 10 <= len(codes) <= 30


def test_a_client_that_retries_gets_through(instant: Lab):
    instant.stack.control("POST", "faults", {"action": "batch:DescribeJobs", "kind": "error", "count": 2})
    client = instant.stack.client("batch", retries={"mode": "standard", "max_attempts": 4})
    assert client.describe_jobs(jobs=["x"])["jobs"] == []


def test_wiping_forgets_jobs_and_nothing_else(process: Lab):
    job_id = process.submit("sleep 60")
    process.until(job_id, "RUNNING")
    process.stack.control("POST", "wipe", {})
    assert process.jobs(job_id) == []
    wait_for(lambda: process.stack.control("GET", "state")["running"] == 0)
    assert process.until(process.submit("true"))["status"] == "SUCCEEDED"


def test_wrong_control_requests_say_what_is_right(instant: Lab):
    control = instant.stack.control
    assert control("POST", "settings", {"slot": 1})["status"] == 400
    assert "no setting 'slot'; there are" in control("POST", "settings", {"slot": 1})["message"]
    assert control("POST", "settings", {"slots": "many"})["message"] == "slots needs a int, not 'many'"
    assert "none of lose-answer" in control("POST", "faults", {"action": "*", "kind": "odd"})["message"]
    assert control("GET", "nothing")["status"] == 404


def test_the_ecr_token_is_not_expired(instant: Lab):
    data = instant.stack.client("ecr").get_authorization_token()["authorizationData"][0]
    assert data["expiresAt"].year >= 2026


def test_templates_keep_timeouts_and_time_limits(instant: Lab):
    limit = {
        "Reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "State": "RUNNABLE",
        "MaxTimeSeconds": 600,
        "Action": "CANCEL",
    }
    described = instant.batch.describe_compute_environments(computeEnvironments=[instant.name])
    copied = described["computeEnvironments"][0]
    resources = {name[0].upper() + name[1:]: value for name, value in copied["computeResources"].items()}
    environment = {"Type": "MANAGED", "ServiceRole": copied["serviceRole"], "ComputeResources": resources}
    order = [{"ComputeEnvironment": {"Ref": "E"}, "Order": 1}]
    definition = {
        "Type": "container",
        "Timeout": {"AttemptDurationSeconds": 77},
        "ContainerProperties": {"Image": "debian", "Vcpus": 1, "Memory": 64},
    }
    queue = {"Priority": 1, "ComputeEnvironmentOrder": order, "JobStateTimeLimitActions": [limit]}
    resources = {
        "D": {"Type": "AWS::Batch::JobDefinition", "Properties": definition},
        "Q": {"Type": "AWS::Batch::JobQueue", "Properties": queue},
        "E": {"Type": "AWS::Batch::ComputeEnvironment", "Properties": environment},
    }
    stack = instant.stack.client("cloudformation")
    stack.create_stack(StackName=instant.name, TemplateBody=json.dumps({"Resources": resources}))
    found = stack.describe_stack_resources(StackName=instant.name)["StackResources"]
    made = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in found}
    found = instant.batch.describe_job_definitions(jobDefinitions=[made["D"]])["jobDefinitions"][0]
    assert found["timeout"] == {"attemptDurationSeconds": 77}
    found = instant.batch.describe_job_queues(jobQueues=[made["Q"]])["jobQueues"][0]
    assert [a["maxTimeSeconds"] for a in found["jobStateTimeLimitActions"]] == [600]


def test_the_control_port_speaks_plain_http(instant: Lab):
    connection = http.client.HTTPConnection(instant.stack.url.removeprefix("http://"))
    connection.request("GET", "/_stack/health")
    assert json.load(connection.getresponse()) == {"ok": True}
    connection.close()
