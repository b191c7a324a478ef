"""Rules A1 to A6 and D1 to D7 of BATCH.md."""

from conftest import Lab, wait_for

SUCCEEDED_3 = {"SUBMITTED": 0, "PENDING": 0, "RUNNABLE": 0, "STARTING": 0, "RUNNING": 0, "SUCCEEDED": 3, "FAILED": 0}


def statuses(lab: Lab, parent: str, size: int) -> list[str]:
    return [j["status"] for j in lab.jobs(*(f"{parent}:{i}" for i in range(size)))]


def test_a_parent_sums_up_its_children(instant: Lab):
    parent = instant.until(instant.submit(arrayProperties={"size": 3}))
    assert parent["status"] == "SUCCEEDED"
    assert parent["arrayProperties"] == {"size": 3, "statusSummary": SUCCEEDED_3}
    child = instant.job(parent["jobId"] + ":1")
    assert (child["arrayProperties"], child["status"]) == ({"index": 1}, "SUCCEEDED")


def test_a_parent_is_pending_while_its_children_run_and_fails_when_all_are_over(manual: Lab):
    parent = manual.submit(arrayProperties={"size": 2})
    manual.until(parent + ":1", "RUNNING")
    assert manual.job(parent)["status"] == "PENDING"
    manual.stack.control("POST", "finish", {"jobs": [parent + ":0"], "exitCode": 3})
    assert manual.job(parent)["status"] == "PENDING"
    manual.stack.control("POST", "finish", {"jobs": [parent + ":1"]})
    assert manual.job(parent)["status"] == "FAILED"
    assert manual.job(parent)["statusReason"] == "Array Child Job failed"


def test_n_to_n_waits_for_its_own_index_only(manual: Lab):
    first = manual.submit(arrayProperties={"size": 3})
    second = manual.submit(arrayProperties={"size": 3}, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
    manual.until(first + ":2", "RUNNING")
    assert statuses(manual, second, 3) == ["PENDING"] * 3
    assert manual.job(second)["status"] == "PENDING"
    manual.stack.control("POST", "finish", {"jobs": [first + ":1"]})
    manual.until(second + ":1", "RUNNING")
    manual.stack.control("POST", "finish", {"jobs": [first + ":2"], "exitCode": 1})
    failed = manual.until(second + ":2")
    assert (failed["status"], failed["statusReason"], failed["attempts"]) == ("FAILED", "Dependent Job failed", [])
    assert statuses(manual, second, 3) == ["PENDING", "RUNNING", "FAILED"]


def test_a_failed_element_skips_its_column_and_no_other(instant: Lab):
    instant.stack.control("POST", "outcomes", {"jobName": "picard", "index": 1, "exitCode": 1})
    first = instant.submit(jobName="picard", arrayProperties={"size": 3})
    second = instant.submit(
        jobName="kallisto", arrayProperties={"size": 3}, dependsOn=[{"jobId": first, "type": "N_TO_N"}]
    )
    third = instant.submit(
        jobName="pizzly", arrayProperties={"size": 3}, dependsOn=[{"jobId": second, "type": "N_TO_N"}]
    )
    assert instant.until(third)["arrayProperties"]["statusSummary"] == SUCCEEDED_3 | {"SUCCEEDED": 2, "FAILED": 1}
    assert statuses(instant, third, 3) == ["SUCCEEDED", "FAILED", "SUCCEEDED"]


def test_a_plain_dependency_on_an_array_waits_for_all_of_it(manual: Lab):
    array = manual.submit(arrayProperties={"size": 2})
    gather = manual.submit(dependsOn=[{"jobId": array}])
    manual.until(array + ":1", "RUNNING")
    manual.stack.control("POST", "finish", {"jobs": [array + ":0"]})
    assert manual.job(gather)["status"] == "PENDING"
    manual.stack.control("POST", "finish", {"jobs": [array + ":1"]})
    manual.until(gather, "RUNNING")


def test_an_array_can_wait_for_a_plain_job(manual: Lab):
    reference = manual.submit()
    array = manual.submit(arrayProperties={"size": 2}, dependsOn=[{"jobId": reference}])
    manual.until(reference, "RUNNING")
    assert statuses(manual, array, 2) == ["PENDING"] * 2
    manual.stack.control("POST", "finish", {"jobs": [reference]})
    manual.until(array + ":1", "RUNNING")


def test_a_dependency_that_is_over_already_counts(instant: Lab):
    good = instant.submit()
    instant.until(good)
    assert instant.until(instant.submit(dependsOn=[{"jobId": good}]))["status"] == "SUCCEEDED"
    instant.stack.control("POST", "outcomes", {"jobName": "bad", "exitCode": 1})
    bad = instant.submit(jobName="bad")
    instant.until(bad)
    late = instant.until(instant.submit(dependsOn=[{"jobId": bad}]))
    assert (late["status"], late["statusReason"]) == ("FAILED", "Dependent Job failed")


def test_sequential_runs_one_after_the_other(manual: Lab):
    parent = manual.submit(arrayProperties={"size": 3}, dependsOn=[{"type": "SEQUENTIAL"}])
    for index in range(3):
        manual.until(f"{parent}:{index}", "RUNNING")
        assert statuses(manual, parent, 3) == ["SUCCEEDED"] * index + ["RUNNING"] + ["PENDING"] * (2 - index)
        manual.stack.control("POST", "finish", {})
    assert manual.until(parent)["status"] == "SUCCEEDED"


def test_a_failure_runs_down_a_sequential_array_of_ten_thousand(instant: Lab):
    instant.stack.control("POST", "outcomes", {"jobName": "chain", "index": 0, "exitCode": 1})
    parent = instant.submit(jobName="chain", arrayProperties={"size": 10_000}, dependsOn=[{"type": "SEQUENTIAL"}])
    assert instant.until(parent)["arrayProperties"]["statusSummary"]["FAILED"] == 10_000


def test_ten_thousand_by_three_are_accepted_and_polled_by_parents_only(instant: Lab):
    ids: list[str] = []
    for step in ("picard", "kallisto", "pizzly"):
        depends_on = [{"jobId": ids[-1], "type": "N_TO_N"}] if ids else []
        ids.append(instant.submit(jobName=step, arrayProperties={"size": 10_000}, dependsOn=depends_on))
    wait_for(lambda: all(j["status"] == "SUCCEEDED" for j in instant.jobs(*ids)))
    counts = [j["arrayProperties"]["statusSummary"]["SUCCEEDED"] for j in instant.jobs(*ids)]
    assert counts == [10_000] * 3
