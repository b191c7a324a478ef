"""Change sets and stacks: what would change, and doing it, one resource after another, with events and rollback."""

from __future__ import annotations

import functools
import json
import threading
from pathlib import Path

import cfnlint
from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Change, ChangeSet, CloudFormationBackend, Event, Stack, generate_changeset_id
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id

from .resources import HANDLERS, Made, Services, unique
from .template import Template, TemplateError, references

#: What a service refuses, also in a form that its client cannot read, and what is refused here.
FAILURES = (ClientError, BotoCoreError, ValueError)
NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."
SCHEMAS = Path(cfnlint.__file__).parent / "data/schemas"


@functools.cache
def create_only(resource_type: str) -> list[list[str]]:
    """Paths of properties that cannot be changed in place, from the schema that AWS publishes for the type."""
    by_type = json.loads((SCHEMAS / "providers/us-east-1.json").read_text())
    schema = json.loads((SCHEMAS / f"resources/{by_type[resource_type]}.json").read_text())
    return [path.split("/")[2:] for path in schema.get("createOnlyProperties", [])]


def at(properties: dict, path: list[str]):
    for name in path:
        properties = properties.get(name) if isinstance(properties, dict) else None
    return properties


class OwnStack(Stack):
    """A stack that was made by a change set; moto's part is only to tell of it."""

    def __init__(self, name: str, account: str, region: str, tags: dict):
        stack_id = generate_stack_id(name, region, account)
        super().__init__(stack_id, name, {}, {}, account, region, tags=tags)
        self.made: dict[str, Made] = {}
        self.current: Template | None = None
        self.status = "REVIEW_IN_PROGRESS"

    parameter_list = property(
        lambda self: [
            {"ParameterKey": key, "ParameterValue": value} for key, value in self.stack_parameters.items()
        ]
    )
    stack_parameters = property(lambda self: self.current.parameters if self.current else {})
    exports = property(lambda self: [])

    @property
    def outputs(self):
        template = self.current
        if template is None or self.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
            return []
        declared = (template.body.get("Outputs") or {}).items()
        return [
            {"OutputKey": key, "OutputValue": str(template.resolve(output["Value"], self.answer))}
            for key, output in declared
            if "Condition" not in output or template.holds(output["Condition"])
        ]

    def answer(self, name: str, attribute: str | None) -> str:
        made = self.made[name]
        return made.ref if attribute is None else made.attributes[attribute]

    def tell(self, status: str, resource: str | None = None, type_: str = "", reason: str | None = None) -> None:
        made = self.made.get(resource or "")
        named = (resource or self.name, made.ref if made else "", type_ or "AWS::CloudFormation::Stack")
        if resource is None:
            self.status = status
            named = (self.name, self.stack_id, named[2])
        self.events.append(Event(self.stack_id, self.name, *named, status, reason, None))


class Plan:
    """What it takes to come from a stack to a template."""

    def __init__(self, stack: OwnStack, template: Template):
        self.stack, self.template = stack, template
        self.changes: dict[str, str] = {}
        for name in ordered(template.resources):
            action = self._action(name)
            if action:
                self.changes[name] = action
        for name in [*stack.made][::-1]:
            if name not in template.resources:
                self.changes[name] = "Remove"

    def _action(self, name: str) -> str | None:
        wanted, made = self.template.resources[name], self.stack.made.get(name)
        if made is None:
            return "Add"
        properties = self.template.resolve(wanted.get("Properties", {}), self._foresee)
        if properties == made.properties:
            return None
        replaces = any(at(properties, path) != at(made.properties, path) for path in create_only(made.type))
        return "Replace" if replaces else "Modify"

    def _foresee(self, name: str, attribute: str | None) -> str:
        """A new resource has no name yet; one that changes may answer differently afterwards."""
        action = self.changes.get(name)
        if action is None or (action == "Modify" and attribute is None):
            return self.stack.answer(name, attribute)
        return f"known after {name}.{attribute}"

    def as_changes(self) -> list[Change]:
        found = []
        for name, action in self.changes.items():
            type_ = (self.template.resources.get(name) or {}).get("Type") or self.stack.made[name].type
            change = Change("Modify" if action == "Replace" else action, name, type_)
            change.replacement = {"Replace": "True", "Modify": "False"}.get(action)
            found.append(change)
        return found


def ordered(resources: dict) -> list[str]:
    """Those first that others name."""
    done: list[str] = []

    def visit(name: str) -> None:
        resource = resources[name]
        after = references(resource.get("Properties", {}), set(resources)) | {*as_list(resource.get("DependsOn"))}
        for other in sorted((after & set(resources)) - {name}):
            if other not in done:
                visit(other)
        if name not in done:
            done.append(name)

    for name in resources:
        visit(name)
    return done


def as_list(value) -> list:
    return value if isinstance(value, list) else [value] if value else []


class Executor:
    def __init__(self, stack: OwnStack, aws: Services):
        self.stack, self.aws = stack, aws
        #: To undo, the newest first.
        self.undo: list = []

    def apply(self, template: Template) -> None:
        """Creates, changes and removes; at the first failure everything is put back."""
        stack, creates = self.stack, not self.stack.made
        verb = "CREATE" if creates else "UPDATE"
        plan, before = Plan(stack, template), stack.current
        stack.current = template
        stack.tell(f"{verb}_IN_PROGRESS", reason="User Initiated")
        old: list[tuple[str, Made, str]] = []
        try:
            for name, action in plan.changes.items():
                if action == "Remove":
                    policy = before.body["Resources"][name].get("DeletionPolicy", "Delete")
                    old.append((name, stack.made[name], policy))
                else:
                    self._make(name, action, old)
        except FAILURES as error:
            stack.tell("ROLLBACK_IN_PROGRESS" if creates else "UPDATE_ROLLBACK_IN_PROGRESS", reason=str(error))
            for step in self.undo[::-1]:
                step()
            if not creates:
                stack.current = before
            stack.tell("ROLLBACK_COMPLETE" if creates else "UPDATE_ROLLBACK_COMPLETE")
            return
        for name, made, policy in old:
            if stack.made.get(name) is made:
                del stack.made[name]
            self._remove(name, made, policy)
        stack.tell(f"{verb}_COMPLETE")

    def _make(self, name: str, action: str, old: list) -> None:
        stack, wanted = self.stack, self.stack.current.resources[name]
        type_, made = wanted["Type"], stack.made.get(name)
        properties = stack.current.resolve(wanted.get("Properties", {}), stack.answer)
        if made and made.properties == properties:
            return
        handler, verb = HANDLERS[type_], "UPDATE" if made else "CREATE"
        stack.tell(f"{verb}_IN_PROGRESS", name, type_)
        try:
            if action == "Modify":
                handler.update(self.aws, made, properties)
                before, made.properties = made.properties, properties
                self.undo.append(lambda: self._put_back(handler, made, before))
            else:
                new = handler.create(self.aws, unique(stack.name, name), properties)
                new.type, new.properties = type_, properties
                if made:
                    old.append((name, made, wanted.get("UpdateReplacePolicy", "Delete")))
                stack.made[name] = new
                self.undo.append(lambda: self._take_back(name, new, made, wanted.get("DeletionPolicy", "Delete")))
        except FAILURES as error:
            stack.tell(f"{verb}_FAILED", name, type_, str(error))
            raise
        stack.tell(f"{verb}_COMPLETE", name, type_)

    def _put_back(self, handler, made: Made, before: dict) -> None:
        handler.update(self.aws, made, before)
        made.properties = before

    def _take_back(self, name: str, new: Made, before: Made | None, policy: str) -> None:
        self._remove(name, new, "Retain" if policy == "Retain" else "Delete")
        self.stack.made.pop(name)
        if before:
            self.stack.made[name] = before

    def _remove(self, name: str, made: Made, policy: str) -> bool:
        """False if it failed."""
        tell = functools.partial(self.stack.tell, resource=name, type_=made.type)
        if policy in ("Retain", "RetainExceptOnCreate"):
            tell("DELETE_SKIPPED")
            return True
        tell("DELETE_IN_PROGRESS")
        try:
            HANDLERS[made.type].delete(self.aws, made)
        except FAILURES as error:
            tell("DELETE_FAILED", reason=str(error))
            return False
        tell("DELETE_COMPLETE")
        return True

    def delete(self) -> None:
        stack = self.stack
        resources = stack.current.body["Resources"] if stack.current else {}
        kept = {}
        for name in [*stack.made][::-1]:
            made = stack.made.pop(name)
            if not self._remove(name, made, resources[name].get("DeletionPolicy", "Delete")):
                kept[name] = made
        stack.made = kept
        reason = f"The following resource(s) failed to delete: [{', '.join(kept)}]." if kept else None
        stack.tell("DELETE_FAILED" if kept else "DELETE_COMPLETE", reason=reason)


def apply(count: callable) -> None:
    """Puts these change sets in the place of moto's."""
    moto_delete_stack, moto_execute = CloudFormationBackend.delete_stack, CloudFormationBackend.execute_change_set
    moto_differs = CloudFormationResponse._validate_different_update

    def find(backend: CloudFormationBackend, name: str) -> Stack | None:
        return next((s for s in backend.stacks.values() if name in (s.name, s.stack_id)), None)

    def services(backend: CloudFormationBackend) -> Services:
        return Services(backend.region_name, count)

    def create_change_set(
        backend, stack_name, change_set_name, template, parameters, description, change_set_type, **more
    ):
        stack = find(backend, stack_name)
        if change_set_type == "CREATE" and stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(message=f"Stack [{stack_name}] already exists and cannot be created again")
        if change_set_type == "UPDATE" and (stack is None or not stack.status.endswith("_COMPLETE")):
            raise ValidationError(message=f"Stack [{stack_name}] does not exist or cannot be updated now")
        if stack is not None and stack.status == "ROLLBACK_COMPLETE":
            raise ValidationError(message=f"Stack:{stack.stack_id} is in ROLLBACK_COMPLETE state and can not be updated.")
        if stack is None:
            stack = OwnStack(stack_name, backend.account_id, backend.region_name, more.get("tags") or {})
        try:
            new = Template(template, parameters, pseudo(stack))
        except TemplateError as error:
            raise ValidationError(message=str(error)) from error
        backend.stacks[stack.stack_id] = stack
        made = object.__new__(ChangeSet)
        made.__dict__.update(
            change_set_type=change_set_type,
            change_set_id=generate_changeset_id(change_set_name, backend.region_name, backend.account_id),
            change_set_name=change_set_name,
            stack=stack,
            stack_id=stack.stack_id,
            stack_name=stack.name,
            parameters=parameters,
            tags=more.get("tags"),
            creation_time=stack.creation_time,
            changes=Plan(stack, new).as_changes(),
            own=new,
        )
        empty = not made.changes and stack.current is not None
        made.status = "FAILED" if empty else "CREATE_COMPLETE"
        made.execution_status = "UNAVAILABLE" if empty else "AVAILABLE"
        made.status_reason = NOTHING if empty else None
        backend.change_sets[made.change_set_id] = made
        return made.change_set_id, stack.stack_id

    def execute_change_set(backend, change_set_name, stack_name=None):
        change_set = backend.describe_change_set(change_set_name)
        if not isinstance(change_set.stack, OwnStack):
            return moto_execute(backend, change_set_name, stack_name)
        stack = change_set.stack
        # Seen at once, and gone when it is done: as on AWS, where clients have to wait.
        stack.status = "CREATE_IN_PROGRESS" if stack.status == "REVIEW_IN_PROGRESS" else "UPDATE_IN_PROGRESS"
        backend.change_sets.pop(change_set.change_set_id)
        threading.Thread(target=Executor(stack, services(backend)).apply, args=[change_set.own]).start()
        return None

    def delete_stack(backend, name_or_stack_id):
        stack = find(backend, name_or_stack_id)
        if not isinstance(stack, OwnStack):
            return moto_delete_stack(backend, name_or_stack_id)
        reviewed = stack.status == "REVIEW_IN_PROGRESS"
        stack.tell("DELETE_IN_PROGRESS", reason="User Initiated")

        def work() -> None:
            Executor(stack, services(backend)).delete()
            if stack.status == "DELETE_COMPLETE":
                backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)

        if reviewed:
            return work()
        threading.Thread(target=work).start()
        return None

    def validate_different_update(response, parameters, body, stack):
        if not isinstance(stack, OwnStack):
            moto_differs(response, parameters, body, stack)

    CloudFormationBackend.create_change_set = create_change_set
    CloudFormationBackend.execute_change_set = execute_change_set
    CloudFormationBackend.delete_stack = delete_stack
    CloudFormationResponse._validate_different_update = validate_different_update


def pseudo(stack: OwnStack) -> dict[str, str]:
    return {
        "AWS::AccountId": stack.account_id,
        "AWS::Partition": "aws",
        "AWS::Region": stack.region_name,
        "AWS::StackId": stack.stack_id,
        "AWS::StackName": stack.name,
        "AWS::URLSuffix": "amazonaws.com",
    }
