"""A job role's credentials, as ECS gives them to containers: faults can hit `ecs:GetCredentials` like any other call.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

from .requests import Call

PATH = "/v2/credentials"
CALL = Call("ecs", "ecs:GetCredentials", "us-east-1", b"")


def answer() -> dict:
    """The stack's own keys, for six hours."""
    expires = datetime.now(timezone.utc) + timedelta(hours=6)
    return {
        "AccessKeyId": os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        "SecretAccessKey": os.environ.get("AWS_SECRET_ACCESS_KEY", "testtest"),
        # The S3 server refuses a session token that it did not give out; an empty one is not sent.
        "Token": "",
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
