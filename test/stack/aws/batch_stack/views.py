"""Jobs as DescribeJobs and ListJobs show them: API_JobDetail.html and API_JobSummary.html"""

from __future__ import annotations

from .job import STATES, Attempt, Job


def detail(job: Job) -> dict:
    spec = job.spec
    return without_none(
        {
            **summary(job),
            "jobQueue": spec.queue_arn,
            "dependsOn": [] if job.index is not None else list(spec.depends_on),
            "parameters": spec.parameters,
            "attempts": [attempt_view(a) for a in job.attempts],
            "retryStrategy": {"attempts": spec.attempts, "evaluateOnExit": list(spec.evaluate_on_exit)},
            "timeout": {"attemptDurationSeconds": spec.timeout_seconds} if spec.timeout_seconds else None,
            "container": container_view(job),
            "tags": spec.tags,
            "platformCapabilities": ["EC2"],
            "isCancelled": job.cancelled,
            "isTerminated": job.terminated,
            "propagateTags": False,
        }
    )


def summary(job: Job) -> dict:
    last = job.attempts[-1] if job.attempts else Attempt()
    return without_none(
        {
            "jobArn": job.arn,
            "jobId": job.id,
            "jobName": job.spec.name,
            "jobDefinition": job.spec.definition_arn,
            "status": job.status,
            "statusReason": job.status_reason,
            "createdAt": job.created_at,
            "startedAt": job.started_at,
            "stoppedAt": job.stopped_at,
            "arrayProperties": array_view(job),
            "container": without_none({"exitCode": last.exit_code, "reason": last.reason}) or None,
            "isCancelled": job.cancelled or None,
            "isTerminated": job.terminated or None,
        }
    )


def array_view(job: Job) -> dict | None:
    if job.index is not None:
        return {"index": job.index}
    if job.is_parent:
        return {"size": job.spec.size, "statusSummary": dict(job.counts or dict.fromkeys(STATES, 0))}
    return None


def container_view(job: Job) -> dict:
    spec, last = job.spec, job.attempts[-1] if job.attempts else Attempt()
    requirements = [
        {"type": "VCPU", "value": str(spec.vcpus)},
        {"type": "MEMORY", "value": str(spec.memory_mib)},
    ]
    keep = ("jobRoleArn", "executionRoleArn", "volumes", "mountPoints", "ulimits", "user", "logConfiguration")
    return without_none(
        {
            **{name: spec.container[name] for name in keep if name in spec.container},
            "image": spec.image,
            "command": list(spec.command),
            "environment": [{"name": n, "value": v} for n, v in spec.environment],
            "resourceRequirements": requirements,
            **container_facts(last),
        }
    )


def attempt_view(attempt: Attempt) -> dict:
    return without_none(
        {
            "container": {**container_facts(attempt), "networkInterfaces": []},
            "startedAt": attempt.started_at,
            "stoppedAt": attempt.stopped_at,
            "statusReason": attempt.status_reason,
        }
    )


def container_facts(attempt: Attempt) -> dict:
    return without_none(
        {
            "exitCode": attempt.exit_code,
            "reason": attempt.reason,
            "taskArn": attempt.task_arn or None,
            "logStreamName": attempt.log_stream,
        }
    )


def without_none(value: dict) -> dict:
    return {k: v for k, v in value.items() if v is not None}
