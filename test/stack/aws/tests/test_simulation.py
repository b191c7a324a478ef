"""Rule V15."""

import json


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def decisions(lab, document: str, actions: list[str], resource: str, **context: str) -> list[str]:
    entries = [
        {"ContextKeyName": name.replace("_", ":"), "ContextKeyType": "string", "ContextKeyValues": [value]}
        for name, value in context.items()
    ]
    answer = lab.stack.client("iam").simulate_custom_policy(
        PolicyInputList=[document], ActionNames=actions, ResourceArns=[resource], ContextEntries=entries
    )
    return [found["EvalDecision"] for found in answer["EvaluationResults"]]


def test_a_deny_wins_and_nothing_is_allowed_by_itself(instant):
    document = policy(
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::lab/*"},
        {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
    )
    actions = ["s3:GetObject", "s3:DeleteObject", "iam:GetRole"]
    assert decisions(instant, document, actions, "arn:aws:s3:::lab/a") == ["allowed", "explicitDeny", "implicitDeny"]
    assert decisions(instant, document, ["s3:GetObject"], "arn:aws:s3:::laboratory") == ["implicitDeny"]


def test_conditions_need_their_key(instant):
    condition = {"StringLike": {"s3:prefix": ["store/*"]}}
    document = policy({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": condition})
    actions = ["s3:ListBucket"]
    assert decisions(instant, document, actions, "arn:aws:s3:::lab", s3_prefix="store/v1") == ["allowed"]
    assert decisions(instant, document, actions, "arn:aws:s3:::lab", s3_prefix="other/") == ["implicitDeny"]
    assert decisions(instant, document, actions, "arn:aws:s3:::lab") == ["implicitDeny"]


def test_a_role_has_the_sum_of_its_policies(instant):
    iam = instant.stack.client("iam")
    role = iam.create_role(RoleName=instant.name, AssumeRolePolicyDocument=policy())["Role"]["Arn"]
    iam.put_role_policy(
        RoleName=instant.name,
        PolicyName="inline",
        PolicyDocument=policy({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}),
    )
    attached = iam.create_policy(
        PolicyName=instant.name,
        PolicyDocument=policy({"Effect": "Allow", "Action": "s3:Put*", "NotResource": "arn:aws:s3:::lab/in/*"}),
    )
    iam.attach_role_policy(RoleName=instant.name, PolicyArn=attached["Policy"]["Arn"])
    answer = iam.simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::lab/in/a", "arn:aws:s3:::lab/out/a"],
    )
    found = [result["EvalDecision"] for result in answer["EvaluationResults"]]
    assert found == ["allowed", "allowed", "implicitDeny", "allowed"]
