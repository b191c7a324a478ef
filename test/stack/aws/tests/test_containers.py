"""The rules that differ with real containers: E, L, M, T, R5. Needs podman's environment, see check.sh."""

import subprocess

from conftest import Lab, wait_for

IMAGE = "debian:bookworm-slim"


def define(lab: Lab, suffix: str = "-c", memory: int = 64, **container) -> str:
    return lab.definition(suffix, memory=memory, image=IMAGE, containerProperties=container)


def submit(lab: Lab, script: str, **more) -> str:
    return lab.submit(script, jobDefinition=more.pop("jobDefinition", None) or define(lab), **more)


def test_an_array_runs_in_containers(container: Lab):
    parent = submit(
        container, "echo $AWS_BATCH_JOB_ARRAY_INDEX of $AWS_BATCH_JOB_ARRAY_SIZE", arrayProperties={"size": 3}
    )
    assert container.until(parent)["status"] == "SUCCEEDED"
    children = container.jobs(*(f"{parent}:{i}" for i in range(3)))
    assert [container.log(child) for child in children] == [["0 of 3"], ["1 of 3"], ["2 of 3"]]


def test_exit_codes_and_both_outputs_come_through(container: Lab):
    job = container.until(submit(container, "echo out; echo err >&2; exit 3"))
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 3)
    assert sorted(container.log(job)) == ["err", "out"]


def test_logs_are_live_and_terminate_sends_sigterm(container: Lab):
    job_id = submit(container, "trap 'echo bye; exit 5' TERM; echo up; sleep 60 & wait")
    job = container.until(job_id, "RUNNING")
    wait_for(lambda: container.log(job) == ["up"])
    container.batch.terminate_job(jobId=job_id, reason="enough")
    job = container.until(job_id)
    assert (job["statusReason"], job["container"]["exitCode"], container.log(job)) == ("enough", 5, ["up", "bye"])


def test_out_of_memory_is_the_kernels_word(container: Lab):
    job = container.until(submit(container, "perl -e '$x = \"a\" x 300_000_000; print length $x'; exit $?"))
    assert job["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    job = container.until(
        submit(
            container,
            "kill -9 $$; sleep 9",
            jobDefinition=define(container, linuxParameters={"initProcessEnabled": True}),
        )
    )
    assert (job["container"]["exitCode"], "reason" in job["container"]) == (137, False)


def test_a_timeout_is_enforced(container: Lab):
    job = container.until(submit(container, "exec sleep 600", timeout={"attemptDurationSeconds": 60}))
    assert job["statusReason"] == "Job attempt duration exceeded timeout"


def test_an_image_that_cannot_be_pulled(container: Lab):
    name = container.definition("-pull", image="localhost:1/none:1")
    entries = [{"onReason": "CannotPullContainerError:*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]
    job = container.until(
        container.submit(jobDefinition=name, retryStrategy={"attempts": 2, "evaluateOnExit": entries})
    )
    assert job["statusReason"] == "Task failed to start"
    assert job["container"]["reason"].startswith("CannotPullContainerError: ")
    assert len(job["attempts"]) == 2
    assert "exitCode" not in job["container"]


def test_a_command_that_is_not_in_the_image(container: Lab):
    job = container.until(container.submit(jobDefinition=define(container), containerOverrides={"command": ["nosuch"]}))
    assert (job["statusReason"], job["container"]["exitCode"]) == ("Task failed to start", 127)
    job = container.until(submit(container, "exit 127"))
    assert (job["statusReason"], job["container"]["exitCode"]) == ("Essential container in task exited", 127)


def test_host_volumes_users_and_read_only_roots(container: Lab, tmp_path):
    tmp_path.chmod(0o777)
    properties = {
        "volumes": [{"name": "scratch", "host": {"sourcePath": str(tmp_path)}}],
        "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/scratch", "readOnly": False}],
        "user": "1234",
        "readonlyRootFilesystem": True,
    }
    name = define(container, "-vol", **properties)
    job = container.until(submit(container, "id -u > /scratch/id; touch /etc/x", jobDefinition=name))
    assert (tmp_path / "id").read_text() == "1234\n"
    assert job["container"]["exitCode"] == 1


def test_no_container_is_left(container: Lab):
    job_id = submit(container, "sleep 60")
    container.until(job_id, "RUNNING")
    assert containers(job_id) != []
    container.stack.control("POST", "reclaim", {"jobs": [job_id]})
    job = container.until(job_id)
    assert job["statusReason"].startswith("Host EC2 (instance i-")
    wait_for(lambda: containers(job_id) == [])


def containers(job_id: str) -> list[str]:
    argv = ["podman", "ps", "--all", "--quiet", f"--filter=label=batch.job={job_id}"]
    return subprocess.run(argv, capture_output=True, check=True, text=True).stdout.split()
