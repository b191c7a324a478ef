"""Rules E1 to E3, L1 to L4 and M1 to M3, with processes."""

from conftest import Lab, wait_for


def test_batch_sets_its_own_variables(process: Lab):
    parent = process.submit(
        "env | grep -E '^(AWS_BATCH|FROM_|OWN)' | sort", arrayProperties={"size": 2}, **own("OWN", "1")
    )
    process.until(parent)
    child = process.job(parent + ":1")
    assert process.log(child) == [
        "AWS_BATCH_CE_NAME=" + process.name,
        "AWS_BATCH_JOB_ARRAY_INDEX=1",
        "AWS_BATCH_JOB_ARRAY_SIZE=2",
        "AWS_BATCH_JOB_ATTEMPT=1",
        f"AWS_BATCH_JOB_ID={parent}:1",
        "AWS_BATCH_JQ_NAME=" + process.name,
        "FROM_STACK=yes",
        "OWN=1",
    ]


def own(name: str, value: str) -> dict:
    return {"containerOverrides": {"environment": [{"name": name, "value": value}]}}


def test_an_override_wins_over_the_definition(process: Lab):
    environment = [{"name": "A", "value": "definition"}, {"name": "B", "value": "definition"}]
    name = process.definition("-env", containerProperties={"environment": environment})
    job = process.until(process.submit("echo $A $B", jobDefinition=name, **own("A", "override")))
    assert process.log(job) == ["override definition"]


def test_parameters_replace_placeholders(process: Lab):
    name = process.definition("-par", parameters={"who": "world"})
    assert process.log(process.until(process.submit(jobDefinition=name))) == ["hello world"]
    again = process.submit(jobDefinition=name, parameters={"who": "moon"})
    assert process.log(process.until(again)) == ["hello moon"]
    assert process.log(process.until(process.submit())) == ["hello Ref::who"]


def test_logs_can_be_read_while_the_job_runs(process: Lab):
    job_id = process.submit("echo one; echo two >&2; sleep 60")
    job = process.until(job_id, "RUNNING")
    wait_for(lambda: process.log(job) == ["one", "two"])
    assert process.job(job_id)["status"] == "RUNNING"
    assert job["container"]["logStreamName"] == f"{process.name}/default/{job['container']['taskArn'][-32:]}"


def test_the_log_group_of_the_definition_must_exist(process: Lab):
    options = {"awslogs-group": "/lab/" + process.name, "awslogs-stream-prefix": "pipe"}
    log = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    name = process.definition("-log", containerProperties=log)
    job = process.until(process.submit(jobDefinition=name))
    assert job["statusReason"] == "Task failed to start"
    assert job["container"]["reason"].startswith("CannotStartContainerError: The specified log group does not exist")
    process.stack.logs.create_log_group(logGroupName=options["awslogs-group"])
    job = process.until(process.submit(jobDefinition=name))
    stream = job["container"]["logStreamName"]
    assert (stream.split("/")[0], process.log_of(stream, options["awslogs-group"])) == ("pipe", ["hello Ref::who"])


def test_a_last_line_without_an_end_and_odd_bytes_are_kept(process: Lab):
    job = process.until(process.submit(r"printf 'a\n\377\nlast'"))
    assert process.log(job) == ["a", "\ufffd", "last"]


def test_running_out_of_memory_has_its_own_reason(process: Lab):
    job = process.until(process.submit("perl -e '$x = \"a\" x 300_000_000; print length $x'; exit $?"))
    assert job["container"]["exitCode"] == 137
    assert job["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_exit_code_137_alone_is_not_out_of_memory(process: Lab):
    job = process.until(process.submit("kill -9 $$"))
    assert (job["container"]["exitCode"], "reason" in job["container"]) == (137, False)


def test_a_program_that_does_not_exist_cannot_start(process: Lab):
    job = process.until(process.submit(containerOverrides={"command": ["/no/such/program"]}))
    assert (job["statusReason"], job["container"]["exitCode"]) == ("Task failed to start", 127)


def test_what_a_process_leaves_behind_ends_with_it(process: Lab, tmp_path):
    mark = tmp_path / "mark"
    process.until(process.submit(f"(sleep 0.5; echo alive > {mark}) & exit 0"))
    process.until(process.submit("sleep 1"))
    assert not mark.exists()


def test_the_pool_is_bounded(process: Lab, tmp_path):
    process.stack.control("POST", "settings", {"slots": 2})
    release = tmp_path / "release"
    parent = process.submit(f"while [ ! -e {release} ]; do sleep 0.05; done", arrayProperties={"size": 6})

    def summary() -> dict:
        return process.job(parent)["arrayProperties"]["statusSummary"]

    wait_for(lambda: summary()["RUNNING"] == 2)
    assert summary()["RUNNABLE"] == 4
    release.touch()
    assert process.until(parent)["status"] == "SUCCEEDED"
    process.stack.control("POST", "settings", {"slots": 4})
