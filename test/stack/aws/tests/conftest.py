"""Starts the stack's server as a real process, once per kind of execution, and gives each test a queue of its own."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

HERE = Path(__file__).resolve().parent.parent
_names = itertools.count(1)


class Stack:
    """A server and clients for it."""

    def __init__(self, **environment: str):
        env = {**os.environ, "PYTHONPATH": str(HERE), **environment}
        argv = [sys.executable, "-m", "batch_stack", "--port", "0"]
        self.process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True)
        self.url = "http://" + self.process.stdout.readline().split()[-1]
        self.batch, self.logs = self.client("batch"), self.client("logs")

    def client(self, service: str, **config):
        retries = config.pop("retries", {"total_max_attempts": 1})
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="testtest",
            config=Config(retries=retries, parameter_validation=False, **config),
        )

    def control(self, method: str, path: str, body: dict | None = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_stack/{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return {"status": error.code, **json.load(error)}

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)


class Lab:
    """One queue with its compute environment and job definition."""

    def __init__(self, stack: Stack):
        self.stack, self.batch = stack, stack.batch
        self.name = f"lab{next(_names)}"
        self.environment()
        self.queue()
        self.definition()

    def environment(self, max_vcpus: int = 256, types=("optimal",), suffix: str = "") -> str:
        ec2 = self.stack.client("ec2")
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        name = self.name + suffix
        resources = {
            "type": "EC2",
            "minvCpus": 0,
            "maxvCpus": max_vcpus,
            "desiredvCpus": 0,
            "instanceTypes": list(types),
            "subnets": [subnet],
            "securityGroupIds": [group],
            "instanceRole": instance_profile(self.stack),
        }
        self.batch.create_compute_environment(
            computeEnvironmentName=name,
            type="MANAGED",
            state="ENABLED",
            serviceRole=service_role(self.stack),
            computeResources=resources,
        )
        return name

    def queue(self, suffix: str = "", environments=None, priority: int = 1, **more) -> str:
        order = [{"order": i, "computeEnvironment": e} for i, e in enumerate(environments or [self.name], 1)]
        self.batch.create_job_queue(
            jobQueueName=self.name + suffix, state="ENABLED", priority=priority, computeEnvironmentOrder=order, **more
        )
        return self.name + suffix

    def definition(self, suffix: str = "", vcpus: int = 1, memory: int = 64, image: str = "debian", **more) -> str:
        container = {
            "image": image,
            "command": ["sh", "-c", "echo hello Ref::who"],
            "resourceRequirements": [
                {"type": "VCPU", "value": str(vcpus)},
                {"type": "MEMORY", "value": str(memory)},
            ],
            **more.pop("containerProperties", {}),
        }
        self.batch.register_job_definition(
            jobDefinitionName=self.name + suffix, type="container", containerProperties=container, **more
        )
        return self.name + suffix

    def submit(self, script: str | None = None, **more) -> str:
        request = {"jobName": "job", "jobQueue": self.name, "jobDefinition": self.name, **more}
        if script is not None:
            request["containerOverrides"] = {
                "command": ["sh", "-c", script],
                **request.get("containerOverrides", {}),
            }
        return self.batch.submit_job(**request)["jobId"]

    def job(self, job_id: str) -> dict:
        return self.jobs(job_id)[0]

    def jobs(self, *ids: str) -> list[dict]:
        return self.batch.describe_jobs(jobs=list(ids))["jobs"]

    def until(self, job_id: str, *states: str) -> dict:
        """The job once it is in one of these states."""
        states = states or ("SUCCEEDED", "FAILED")
        return wait_for(lambda: next((j for j in self.jobs(job_id) if j["status"] in states), None))

    def log(self, job: dict) -> list[str]:
        return self.log_of(job["container"]["logStreamName"])

    def log_of(self, stream: str, group: str = "/aws/batch/job") -> list[str]:
        events = self.stack.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in events["events"]]


def wait_for(look, seconds: float = 180):
    """Polls; the limit only ends a broken run."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def service_role(stack: Stack) -> str:
    iam = stack.client("iam")
    try:
        return iam.get_role(RoleName="batch")["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        policy = '{"Version":"2012-10-17","Statement":[]}'
        return iam.create_role(RoleName="batch", AssumeRolePolicyDocument=policy)["Role"]["Arn"]


def instance_profile(stack: Stack) -> str:
    iam = stack.client("iam")
    try:
        return iam.get_instance_profile(InstanceProfileName="ecs")["InstanceProfile"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        return iam.create_instance_profile(InstanceProfileName="ecs")["InstanceProfile"]["Arn"]


def started(**environment: str):
    stack = Stack(**environment)
    yield stack
    stack.close()


@pytest.fixture(scope="session")
def instant_stack():
    yield from started(BATCH_FAKE_EXECUTE="instant", BATCH_SETTINGS='{"submitRate": 0}')


@pytest.fixture(scope="session")
def process_stack():
    settings = {"submitRate": 0, "containerEnv": {"FROM_STACK": "yes"}}
    yield from started(BATCH_EXECUTE="processes", BATCH_TIME_SCALE="0.01", BATCH_SETTINGS=json.dumps(settings))


@pytest.fixture(scope="session")
def container_stack():
    yield from started(BATCH_EXECUTE="containers", BATCH_TIME_SCALE="0.05")


@pytest.fixture
def instant(instant_stack):
    """Attempts succeed at once, unless a test plans otherwise."""
    yield Lab(instant_stack)
    instant_stack.control("DELETE", "outcomes")
    instant_stack.control("DELETE", "faults")
    instant_stack.control("POST", "settings", {"fake": "instant", "timeScale": 1})


@pytest.fixture
def manual(instant_stack):
    """Attempts run until POST /_stack/finish."""
    instant_stack.control("POST", "settings", {"fake": "manual"})
    yield Lab(instant_stack)
    instant_stack.control("POST", "wipe", {})
    instant_stack.control("DELETE", "outcomes")
    instant_stack.control("POST", "settings", {"fake": "instant", "timeScale": 1})


@pytest.fixture
def process(process_stack):
    yield Lab(process_stack)
    process_stack.control("POST", "wipe", {})
    process_stack.control("POST", "settings", {"timeScale": 0.01})


@pytest.fixture
def container(container_stack):
    yield Lab(container_stack)
    container_stack.control("POST", "wipe", {})
