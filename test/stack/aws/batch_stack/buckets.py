"""Buckets that a CloudFormation stack made exist in moto only; the S3 server that jobs use gets them as well."""

from __future__ import annotations

import os

import boto3
from botocore.exceptions import ClientError
from moto.s3.models import s3_backends

#: Objects live here; unset where the stack runs without an S3 server.
S3_ENDPOINT = "BATCH_STACK_S3_ENDPOINT"


def mirror_buckets(account: str, region: str) -> None:
    """Creates what is missing; never deletes."""
    endpoint = os.environ.get(S3_ENDPOINT)
    wanted = list(s3_backends[account]["aws"].buckets) if endpoint else []
    if not wanted:
        return
    client = boto3.client("s3", endpoint_url=endpoint, region_name=region)
    for name in wanted:
        try:
            client.create_bucket(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise
