"""The variables of one attempt: https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html"""

from __future__ import annotations

from ..batch import Batch
from ..job import Job


def attempt_environment(batch: Batch, job: Job) -> dict[str, str]:
    """The stack's own, then the job's, then those that Batch sets, which win."""
    own = {
        "AWS_BATCH_JOB_ID": job.id,
        "AWS_BATCH_JOB_ATTEMPT": str(len(job.attempts)),
        "AWS_BATCH_JQ_NAME": job.spec.queue_name,
        "AWS_BATCH_CE_NAME": (job.environment_arn or "").rsplit("/", 1)[-1],
    }
    if job.index is not None:
        own["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.index)
        own["AWS_BATCH_JOB_ARRAY_SIZE"] = str(job.spec.size)
    return {**batch.settings.container_env, **dict(job.spec.environment), **own}
