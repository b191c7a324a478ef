"""What IAM would decide, which moto does not answer: API_SimulatePrincipalPolicy.html, API_SimulateCustomPolicy.html

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends

from .errors import ClientException

NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
ACTIONS = ("iam:SimulatePrincipalPolicy", "iam:SimulateCustomPolicy")


def answer(action: str, body: bytes, account: str) -> bytes:
    """The XML of one simulation: every action on every resource."""
    given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    context = context_of(given)
    if action.endswith("SimulateCustomPolicy"):
        policies = [json.loads(text) for text in members(given, "PolicyInputList")]
    else:
        policies = policies_of_role(given["PolicySourceArn"], account)
    statements = [s for policy in policies for s in as_list(policy["Statement"])]
    resources = members(given, "ResourceArns") or ["*"]
    pairs = [(a, r) for a in members(given, "ActionNames") for r in resources]
    results = "".join(result(a, r, decide(statements, a, r, context)) for a, r in pairs)
    name = action.removeprefix("iam:")
    return (
        f'<{name}Response xmlns="{NAMESPACE}"><{name}Result><IsTruncated>false</IsTruncated>'
        f"<EvaluationResults>{results}</EvaluationResults></{name}Result></{name}Response>"
    ).encode()


def decide(statements: list[dict], action: str, resource: str, context: dict[str, list[str]]) -> str:
    """An explicit deny wins; without an allow it is denied."""
    fitting = [s for s in statements if fits(s, action, resource, context)]
    if any(s["Effect"] == "Deny" for s in fitting):
        return "explicitDeny"
    return "allowed" if fitting else "implicitDeny"


def fits(statement: dict, action: str, resource: str, context: dict[str, list[str]]) -> bool:
    return (
        element(statement, "Action", action, ignore_case=True)
        and element(statement, "Resource", resource)
        and all(
            condition(operator, key, as_list(values), context)
            for operator, keys in (statement.get("Condition") or {}).items()
            for key, values in keys.items()
        )
    )


def element(statement: dict, name: str, value: str, ignore_case: bool = False) -> bool:
    if f"Not{name}" in statement:
        return not any(glob(p, value, ignore_case) for p in as_list(statement[f"Not{name}"]))
    return any(glob(p, value, ignore_case) for p in as_list(statement[name]))


def condition(operator: str, key: str, values: list, context: dict[str, list[str]]) -> bool:
    """Operators on text; a key that the request does not have fails all but negated and IfExists ones."""
    base = operator.removeprefix("ForAnyValue:").removeprefix("ForAllValues:").removesuffix("IfExists")
    there = context.get(key.lower())
    wanted = [str(v).lower() if isinstance(v, bool) else str(v) for v in values]
    if base == "Null":
        return (there is None) == (wanted == ["true"])
    negated = "Not" in base
    if there is None:
        return negated or operator.endswith("IfExists")
    like = base in ("StringLike", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals")
    if not like and base not in ("StringEquals", "StringNotEquals", "Bool", "StringEqualsIgnoreCase"):
        raise ClientException(f"The test stack does not support the condition {operator}")
    found = any(glob(w, t, base.endswith("IgnoreCase")) if like else w == t for w in wanted for t in there)
    return found != negated


def policies_of_role(arn: str, account: str) -> list[dict]:
    backend = iam_backends[account]["aws"]
    name = arn.rsplit("/", 1)[-1]
    documents = [backend.get_role_policy(name, p)[1] for p in backend.list_role_policies(name)]
    for policy in backend.list_attached_role_policies(name)[0]:
        documents.append(next(v.document for v in policy.versions if v.is_default))
    return [json.loads(d) if isinstance(d, str) else d for d in documents]


def context_of(given: dict[str, str]) -> dict[str, list[str]]:
    found, i = {}, 1
    while (name := given.get(f"ContextEntries.member.{i}.ContextKeyName")) is not None:
        prefix = f"ContextEntries.member.{i}.ContextKeyValues"
        found[name.lower()] = members(given, prefix)
        i += 1
    return found


def members(given: dict[str, str], name: str) -> list[str]:
    """`Name.member.1`, `Name.member.2`…"""
    found, i = [], 1
    while f"{name}.member.{i}" in given:
        found.append(given[f"{name}.member.{i}"])
        i += 1
    return found


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def glob(pattern: str, text: str, ignore_case: bool = False) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.IGNORECASE if ignore_case else 0) is not None


def result(action: str, resource: str, decision: str) -> str:
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalResourceName>{escape(resource)}"
        f"</EvalResourceName><EvalDecision>{decision}</EvalDecision></member>"
    )
