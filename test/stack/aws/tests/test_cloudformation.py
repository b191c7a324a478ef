"""Rules V16 to V21."""

import json

from botocore.exceptions import ClientError
from conftest import Lab, wait_for

PARAMETERS = {"Days": {"Type": "Number", "Default": 7, "MinValue": 1}, "Extra": {"Type": "String", "Default": "no"}}
LOGS = {
    "Type": "AWS::Logs::LogGroup",
    "Properties": {"LogGroupName": {"Fn::Sub": "/${AWS::StackName}"}, "RetentionInDays": {"Ref": "Days"}},
}
REPOSITORY = {
    "Type": "AWS::ECR::Repository",
    "Condition": "HasExtra",
    "DeletionPolicy": "RetainExceptOnCreate",
    "Properties": {"RepositoryName": {"Fn::Sub": "${Logs}/extra"}},
}


def template(**resources: dict) -> str:
    body = {
        "Parameters": PARAMETERS,
        "Conditions": {"HasExtra": {"Fn::Equals": [{"Ref": "Extra"}, "yes"]}},
        "Resources": {"Logs": LOGS, **resources},
        "Outputs": {"Group": {"Value": {"Ref": "Logs"}}},
    }
    return json.dumps(body)


class Stacks:
    def __init__(self, lab: Lab):
        self.lab, self.name, self.count = lab, f"{lab.name}-stack", 0
        self.client = lab.stack.client("cloudformation")

    def plan(self, kind: str, text: str, **parameters: str) -> dict:
        self.count += 1
        name = f"change-{self.count}"
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        self.client.create_change_set(
            StackName=self.name, ChangeSetName=name, ChangeSetType=kind, TemplateBody=text, Parameters=given
        )
        return self.client.describe_change_set(StackName=self.name, ChangeSetName=name)

    def apply(self, kind: str, text: str, **parameters: str) -> str:
        """The state that the stack comes to."""
        name = self.plan(kind, text, **parameters)["ChangeSetName"]
        self.client.execute_change_set(StackName=self.name, ChangeSetName=name)
        return self.rest()

    def rest(self) -> str:
        return wait_for(lambda: None if self.status().endswith("IN_PROGRESS") else self.status())

    def status(self) -> str:
        return self.client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]

    def events(self) -> list[str]:
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"][::-1]
        return [f"{e['LogicalResourceId']} {e['ResourceStatus']}" for e in events]

    def retention(self) -> int:
        found = self.lab.stack.logs.describe_log_groups(logGroupNamePrefix=f"/{self.name}")["logGroups"]
        return found[0]["retentionInDays"]


def changes(plan: dict) -> list[tuple]:
    found = [change["ResourceChange"] for change in plan["Changes"]]
    return [(c["Action"], c["LogicalResourceId"], c.get("Replacement")) for c in found]


def test_a_change_set_does_nothing_until_it_is_executed(instant):
    stacks = Stacks(instant)
    assert changes(stacks.plan("CREATE", template())) == [("Add", "Logs", None)]
    assert stacks.status() == "REVIEW_IN_PROGRESS"
    stacks.client.delete_stack(StackName=stacks.name)
    assert stacks.apply("CREATE", template(), Days="30") == "CREATE_COMPLETE"
    assert stacks.retention() == 30
    assert stacks.events()[-3:] == [
        "Logs CREATE_IN_PROGRESS",
        "Logs CREATE_COMPLETE",
        f"{stacks.name} CREATE_COMPLETE",
    ]


def test_what_would_change_follows_from_values_and_conditions(instant):
    stacks = Stacks(instant)
    stacks.apply("CREATE", template(Extra=REPOSITORY), Days="30")
    same = stacks.plan("UPDATE", template(Extra=REPOSITORY), Days="30")
    assert (same["Status"], same["Changes"]) == ("FAILED", [])
    assert "didn't contain changes" in same["StatusReason"]
    more = stacks.plan("UPDATE", template(Extra=REPOSITORY), Days="60", Extra="yes")
    assert changes(more) == [("Modify", "Logs", "False"), ("Add", "Extra", None)]
    renamed = json.loads(template())
    renamed["Resources"]["Logs"]["Properties"]["LogGroupName"] = "/renamed"
    assert changes(stacks.plan("UPDATE", json.dumps(renamed), Days="30")) == [("Modify", "Logs", "True")]
    assert stacks.apply("UPDATE", template(Extra=REPOSITORY), Days="60") == "UPDATE_COMPLETE"
    assert stacks.retention() == 60


def test_a_creation_that_fails_is_undone(instant):
    stacks = Stacks(instant)
    instant.stack.client("ecr").create_repository(repositoryName=f"taken-{instant.name}")
    taken = {**REPOSITORY, "Properties": {"RepositoryName": f"taken-{instant.name}"}}
    assert stacks.apply("CREATE", template(Extra=taken), Extra="yes") == "ROLLBACK_COMPLETE"
    assert "Extra CREATE_FAILED" in stacks.events()
    groups = instant.stack.logs.describe_log_groups(logGroupNamePrefix=f"/{stacks.name}")["logGroups"]
    assert groups == []


def test_an_update_that_fails_is_undone(instant):
    stacks = Stacks(instant)
    stacks.apply("CREATE", template(), Days="30")
    instant.stack.client("ecr").create_repository(repositoryName=f"taken-{instant.name}")
    taken = {**REPOSITORY, "Properties": {"RepositoryName": f"taken-{instant.name}"}, "DependsOn": "Logs"}
    assert stacks.apply("UPDATE", template(Extra=taken), Days="60", Extra="yes") == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.retention() == 30


def test_what_is_to_be_retained_stays(instant):
    stacks = Stacks(instant)
    stacks.apply("CREATE", template(Extra={**REPOSITORY, "Properties": {"RepositoryName": f"kept-{instant.name}"}}), Extra="yes")
    stack_id = stacks.client.describe_stacks(StackName=stacks.name)["Stacks"][0]["StackId"]
    stacks.client.delete_stack(StackName=stacks.name)
    found = wait_for(lambda: [s for s in stacks.client.describe_stacks(StackName=stack_id)["Stacks"] if s["StackStatus"] == "DELETE_COMPLETE"])
    assert found
    assert instant.stack.client("ecr").describe_repositories(repositoryNames=[f"kept-{instant.name}"])["repositories"]
    try:
        stacks.client.describe_stacks(StackName=stacks.name)
        raise AssertionError("it is found by its name")
    except ClientError as error:
        assert "does not exist" in str(error)


def test_values_are_checked(instant):
    stacks = Stacks(instant)
    for wrong in ({"Days": "0"}, {"Days": "many"}, {"Nothing": "1"}):
        try:
            stacks.plan("CREATE", template(), **wrong)
            raise AssertionError(wrong)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationError"
