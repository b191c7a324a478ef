"""Templates: parameters, conditions and functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import yaml

ABSENT = object()


class TemplateError(Exception):
    pass


class Loader(yaml.SafeLoader):
    """Knows `!Ref` and the like, and takes a version for the text that it is."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def short_form(loader: Loader, suffix: str, node: yaml.Node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", short_form)


class Template:
    """A template with the values of its parameters."""

    def __init__(self, text: str, given: dict[str, str], pseudo: dict[str, str]):
        self.text = text
        self.body = yaml.load(text, Loader)  # noqa: S506 - derived from SafeLoader
        self.values = dict(pseudo)
        self.parameters = self._parameters(given)
        self._check_rules()
        resources = self.body["Resources"]
        self.resources = {n: r for n, r in resources.items() if "Condition" not in r or self.holds(r["Condition"])}

    def _parameters(self, given: dict[str, str]) -> dict[str, str]:
        declared = self.body.get("Parameters") or {}
        unknown = sorted(set(given) - set(declared))
        if unknown:
            raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        missing = [name for name, p in declared.items() if name not in given and "Default" not in p]
        if missing:
            raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
        texts = {name: str(given.get(name, p.get("Default"))) for name, p in declared.items()}
        for name, text in texts.items():
            self._check(name, declared[name], text)
            is_list = declared[name]["Type"] in ("CommaDelimitedList",) or declared[name]["Type"].startswith("List<")
            self.values[name] = text.split(",") if is_list else text
        return texts

    def _check(self, name: str, declared: dict, text: str) -> None:
        allowed = [str(value) for value in declared.get("AllowedValues", [])]
        wrong = (
            (allowed and text not in allowed)
            or ("AllowedPattern" in declared and not re.search(declared["AllowedPattern"], text))
            or (declared["Type"] == "Number" and not re.fullmatch(r"-?\d+", text))
            or ("MinValue" in declared and int(text) < declared["MinValue"])
            or ("MaxValue" in declared and int(text) > declared["MaxValue"])
        )
        if wrong:
            raise TemplateError(f"Parameter '{name}' failed to satisfy its constraints: {text}")

    def _check_rules(self) -> None:
        for rule in (self.body.get("Rules") or {}).values():
            if self.holds(rule.get("RuleCondition", True)):
                for assertion in rule["Assertions"]:
                    if not self.holds(assertion["Assert"]):
                        raise TemplateError(f"Template validation error: {assertion['AssertDescription']}")

    def holds(self, condition) -> bool:
        if isinstance(condition, str):
            return self.holds(self.body["Conditions"][condition])
        if isinstance(condition, bool):
            return condition
        ((function, arguments),) = condition.items()
        if function == "Condition":
            return self.holds(arguments)
        if function == "Fn::Equals":
            left, right = (self.resolve(argument) for argument in arguments)
            return str(left) == str(right)
        if function == "Fn::Not":
            return not self.holds(arguments[0])
        return {"Fn::And": all, "Fn::Or": any}[function](self.holds(argument) for argument in arguments)

    def resolve(self, value, resource: Callable[[str, str | None], object] | None = None):
        """`resource(name, attribute)` is what a resource answers; attribute None is its Ref."""
        if isinstance(value, list):
            found = [self.resolve(item, resource) for item in value]
            return [item for item in found if item is not ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._function(function, argument, resource)
        found = {key: self.resolve(item, resource) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not ABSENT}

    def _function(self, function: str, argument, resource):
        def look(name: str):
            if name == "AWS::NoValue":
                return ABSENT
            return self.values[name] if name in self.values else resource(name, None)

        if function == "Ref":
            return look(argument)
        if function == "Fn::GetAtt":
            return resource(*argument)
        if function == "Fn::If":
            return self.resolve(argument[1 if self.holds(argument[0]) else 2], resource)
        if function == "Fn::Sub":
            text, local = (argument, {}) if isinstance(argument, str) else argument
            local = self.resolve(local, resource)

            def one(match: re.Match) -> str:
                name = match[1]
                if name in local:
                    return str(local[name])
                return str(resource(*name.split(".", 1)) if "." in name else look(name))

            return re.sub(r"\$\{([^!}]+)\}", one, text)
        argument = self.resolve(argument, resource)
        if function == "Fn::Join":
            return argument[0].join(str(item) for item in argument[1])
        if function == "Fn::Base64":
            return base64.b64encode(argument.encode()).decode()
        raise TemplateError(f"The test stack does not support {function}")


def references(value, names: set[str]) -> set[str]:
    """The resources that a resource's text names."""
    if isinstance(value, list):
        return set().union(*(references(item, names) for item in value)) if value else set()
    if isinstance(value, dict):
        return references([*value.values()], names)
    if not isinstance(value, str):
        return set()
    words = {value} | {match.split(".")[0] for match in re.findall(r"\$\{([^!}]+)\}", value)}
    return words & names
