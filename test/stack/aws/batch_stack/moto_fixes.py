"""What moto 5.2 leaves out of the actions that it answers, and that this project relies on."""

from __future__ import annotations

import inspect
import json
import time

from moto.batch.exceptions import ClientException as MotoClientException
from moto.batch.models import BatchBackend, JobDefinition, JobQueue

from . import ecr_images
from .buckets import mirror_buckets
from .errors import ClientException
from .region import Region
from .requests import Call
from .submit import check_retry, timeout

#: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
TOKEN_SECONDS = 12 * 3600
#: Name of the list in an answer, of actions that page.
PAGED = {
    "batch:DescribeJobDefinitions": "jobDefinitions",
    "batch:DescribeJobQueues": "jobQueues",
    "batch:DescribeComputeEnvironments": "computeEnvironments",
}
TIME_LIMITS = range(600, 86_401)
LIMIT_REASONS = (
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
)


def before(call: Call, region: Region) -> None:
    """Checks that moto does not make."""
    if call.action == "batch:RegisterJobDefinition":
        body = call.json()
        check_retry(body.get("retryStrategy") or {})
        timeout(body.get("timeout") or {})
    if call.action in ("batch:CreateJobQueue", "batch:UpdateJobQueue"):
        check_time_limits(call.json().get("jobStateTimeLimitActions") or [])


def after(call: Call, region: Region, status: str, headers: list, body: bytes) -> tuple[list, bytes]:
    if not status.startswith("200"):
        return headers, body
    if call.action in ("cloudformation:CreateStack", "cloudformation:UpdateStack"):
        mirror_buckets(region.catalog.account, call.region)
    if call.service in ("cloudformation", "ecr"):
        body = ecr_images.with_local_names(body, region.catalog.account, call.region)
    if call.action in PAGED:
        return headers, json.dumps(described(call, region, json.loads(body))).encode()
    if call.action in ("batch:CreateJobQueue", "batch:UpdateJobQueue"):
        keep_time_limits(call.json(), region, json.loads(body)["jobQueueArn"])
    if call.action == "ecr:GetAuthorizationToken":
        answer = json.loads(body)
        for data in answer["authorizationData"]:
            data["expiresAt"] = int(time.time()) + TOKEN_SECONDS
        return headers, json.dumps(answer).encode()
    return headers, body


def check_time_limits(actions: list[dict]) -> None:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_JobStateTimeLimitAction.html"""
    for action in actions:
        if action.get("state") != "RUNNABLE" or action.get("action") != "CANCEL":
            raise ClientException("jobStateTimeLimitActions: only state RUNNABLE and action CANCEL are supported")
        if action.get("maxTimeSeconds") not in TIME_LIMITS:
            raise ClientException("jobStateTimeLimitActions: maxTimeSeconds must be between 600 and 86400")
        if action.get("reason") not in LIMIT_REASONS:
            raise ClientException(f"jobStateTimeLimitActions: reason must be one of {', '.join(LIMIT_REASONS)}")


def keep_time_limits(request: dict, region: Region, arn: str) -> None:
    if "jobStateTimeLimitActions" in request:
        region.catalog.time_limits[arn] = request["jobStateTimeLimitActions"]


def described(call: Call, region: Region, answer: dict) -> dict:
    """Paging, time limits, and environments that a test made invalid."""
    request, name = call.json(), PAGED[call.action]
    start, limit = int(request.get("nextToken") or 0), min(int(request.get("maxResults") or 100), 100)
    found = answer[name]
    page = {name: found[start : start + limit]}
    if start + limit < len(found):
        page["nextToken"] = str(start + limit)
    for item in page[name]:
        if name == "jobQueues":
            item["jobStateTimeLimitActions"] = region.catalog.time_limits.get(item["jobQueueArn"], [])
        if item.get("computeEnvironmentName") in region.catalog.invalid:
            item |= {"status": "INVALID", "statusReason": region.catalog.invalid[item["computeEnvironmentName"]]}
    return page


def apply(regions) -> None:
    """Replaces some of moto's methods; called once, at start."""
    BatchBackend.register_job_definition = register_job_definition
    for name in ("create_job_queue", "create_compute_environment"):
        setattr(BatchBackend, name, enabled_by_default(getattr(BatchBackend, name)))
    BatchBackend.create_compute_environment = with_service_role(BatchBackend.create_compute_environment)
    BatchBackend.update_compute_environment = with_resources(BatchBackend.update_compute_environment)
    from_template = JobDefinition.create_from_cloudformation_json.__func__
    queue_from_template = JobQueue.create_from_cloudformation_json.__func__

    def definition(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        properties = cloudformation_json["Properties"]
        properties.setdefault("RetryStrategy", {})
        made = from_template(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
        seconds = (properties.get("Timeout") or {}).get("AttemptDurationSeconds")
        made.timeout = {"attemptDurationSeconds": int(seconds)} if seconds else None
        return made

    def queue(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        made = queue_from_template(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
        limits = cloudformation_json["Properties"].get("JobStateTimeLimitActions") or []
        kept = [{name[0].lower() + name[1:]: value for name, value in limit.items()} for limit in limits]
        for limit in kept:
            limit["maxTimeSeconds"] = int(limit["maxTimeSeconds"])
        regions.get(region_name).catalog.time_limits[made.arn] = kept
        return made

    JobDefinition.create_from_cloudformation_json = classmethod(definition)
    JobQueue.create_from_cloudformation_json = classmethod(queue)


def enabled_by_default(create):
    """API_CreateJobQueue.html, API_CreateComputeEnvironment.html: `state` may be left out."""

    def created(*args, **named):
        bound = inspect.signature(create).bind_partial(*args, **named)
        bound.arguments["state"] = bound.arguments.get("state") or "ENABLED"
        return create(**bound.arguments)

    created.__signature__ = inspect.signature(create)
    return created


def with_service_role(create):
    """Without a role, Batch makes and takes its service-linked one: UG using-service-linked-roles.html"""

    def created(backend, *args, **named):
        bound = inspect.signature(create).bind_partial(backend, *args, **named)
        if not bound.arguments.get("service_role"):
            bound.arguments["service_role"] = service_linked_role(backend.iam_backend)
        return create(**bound.arguments)

    created.__signature__ = inspect.signature(create)
    return created


def service_linked_role(iam) -> str:
    found = [role for role in iam.get_roles() if role.path == "/aws-service-role/batch.amazonaws.com/"]
    role = found[0] if found else iam.create_service_linked_role("batch.amazonaws.com", "", "")
    return role.arn


def with_resources(update):
    """API_UpdateComputeEnvironment.html: resources that are named replace those that the environment has."""

    def updated(backend, compute_environment_name, state, compute_resources, service_role):
        answer = update(backend, compute_environment_name, state, compute_resources, service_role)
        backend.get_compute_environment(compute_environment_name).compute_resources.update(compute_resources or {})
        return answer

    return updated


def register_job_definition(
    backend,
    def_name,
    parameters,
    _type,
    tags,
    retry_strategy,
    container_properties,
    node_properties,
    eks_properties,
    timeout,
    platform_capabilities,
    propagate_tags,
):
    """A new revision has only what its own request says; moto would inherit from the one before."""
    if not def_name:
        raise MotoClientException("jobDefinitionName must be provided")
    newest = backend.get_job_definition_by_name(def_name)
    for entry in (retry_strategy or {}).get("evaluateOnExit", []):
        entry["action"] = entry["action"].lower()
    made = JobDefinition(
        def_name,
        parameters,
        _type,
        container_properties,
        node_properties=node_properties,
        eks_properties=eks_properties,
        tags=tags or {},
        retry_strategy=retry_strategy or {},
        timeout=timeout,
        backend=backend,
        platform_capabilities=platform_capabilities or ["EC2"],
        propagate_tags=bool(propagate_tags),
        revision=newest.revision if newest else 0,
    )
    backend._job_definitions[made.arn] = made
    return made
