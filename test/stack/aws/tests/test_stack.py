"""The whole stack as start.sh brings it up, seen by awscli and podman."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import HERE, Lab, Stack, wait_for

AWS = str(Path(sys.executable).parent / "aws")


class StartedStack(Stack):
    """A Stack that start.sh started."""

    def __init__(self, environment: dict[str, str]):
        self.environment = environment
        self.url = environment["AWS_ENDPOINT_URL"]
        self.batch, self.logs = self.client("batch"), self.client("logs")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    subprocess.run([HERE / "start.sh", folder], check=True)
    yield folder
    subprocess.run([HERE / "stop.sh", folder], check=True)


@pytest.fixture
def lab(state):
    return Lab(StartedStack(json.loads((state / "env.json").read_text())))


def run(lab: Lab, *argv: str, **more) -> str:
    env = {**os.environ, **lab.stack.environment}
    return subprocess.run(argv, env=env, check=True, capture_output=True, text=True, **more).stdout


def push_image(lab: Lab, name: str) -> str:
    """Pushes the base image as ECR repository `name`, the way that ECR's console tells; returns its digest."""
    repository = json.loads(run(lab, AWS, "ecr", "create-repository", "--repository-name", name))["repository"]
    password = run(lab, AWS, "ecr", "get-login-password")
    host = repository["repositoryUri"].split("/")[0]
    run(lab, "podman", "login", "--username=AWS", "--password-stdin", host, input=password)
    run(lab, "podman", "push", "--quiet", "localhost/debian:bookworm-slim", f"{repository['repositoryUri']}:v1")
    images = json.loads(run(lab, AWS, "ecr", "describe-images", "--repository-name", name))["imageDetails"]
    assert [image["imageTags"] for image in images] == [["v1"]]
    return images[0]["imageDigest"]


def test_a_pushed_image_runs_by_its_digest_and_reaches_s3(lab: Lab):
    digest = push_image(lab, "base")
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/base@{digest}"
    name = lab.definition("-ecr", image=image)
    job = lab.until(lab.submit("env | grep -c ^AWS_ENDPOINT_URL", jobDefinition=name))
    assert (job["status"], lab.log(job)) == ("SUCCEEDED", ["2"])


def test_ecr_tells_all_tags_of_an_image_its_size_and_when_it_was_pushed(lab: Lab):
    digest = push_image(lab, "told")
    registry = lab.stack.environment["ECR_REGISTRY"]
    run(lab, "podman", "push", "--quiet", "localhost/debian:bookworm-slim", f"{registry}/told:v2")
    ecr = lab.stack.client("ecr")
    [image] = ecr.describe_images(repositoryName="told", imageIds=[{"imageDigest": digest}])["imageDetails"]
    assert sorted(image["imageTags"]) == ["v1", "v2"]
    assert image["imageSizeInBytes"] > 1_000_000
    assert image["imagePushedAt"].year > 2000
    missing = {"imageDigest": "sha256:" + 64 * "0"}
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName="told", imageIds=[missing])
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_images(repositoryName="nowhere")


def test_a_wrong_password_is_refused(lab: Lab):
    registry = lab.stack.environment["ECR_REGISTRY"]
    argv = ["podman", "login", "--username=AWS", "--password=wrong", registry]
    found = subprocess.run(
        argv, env={**os.environ, **lab.stack.environment}, capture_output=True, text=True, check=False
    )
    assert found.returncode != 0


def test_a_bucket_of_a_template_exists_at_the_s3_server(lab: Lab):
    template = json.dumps({"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "lab-bucket"}}}})
    run(lab, AWS, "cloudformation", "create-stack", "--stack-name", "s", "--template-body", template)
    assert "lab-bucket" in run(lab, AWS, "s3", "ls")


def test_a_second_start_changes_nothing_and_a_restart_keeps_the_ports(lab: Lab, state):
    pids = {file.name: file.read_text() for file in (state / "run").glob("*.pid")}
    subprocess.run([HERE / "start.sh", state], check=True)
    assert {file.name: file.read_text() for file in (state / "run").glob("*.pid")} == pids
    subprocess.run([HERE / "stop.sh", state], check=True)
    subprocess.run([HERE / "start.sh", state], check=True)
    assert lab.stack.control("GET", "health") == {"ok": True}


def test_the_registry_being_down_is_a_pull_error(lab: Lab, state):
    push_image(lab, "gone")
    os.kill(int((state / "run" / "registry.pid").read_text()), 15)
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/gone:v1"
    wait_for(lambda: subprocess.run(["curl", "-s", lab.stack.environment["ECR_REGISTRY"]], check=False).returncode == 7)
    job = lab.until(lab.submit("true", jobDefinition=lab.definition("-down", image=image)))
    assert job["container"]["reason"].startswith("CannotPullContainerError: ")
    # The API is another service than the registry.
    assert lab.stack.client("ecr").describe_images(repositoryName="gone")["imageDetails"][0]["imageTags"] == ["v1"]
