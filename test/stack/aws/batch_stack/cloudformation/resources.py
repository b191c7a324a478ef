"""What CloudFormation does for each type of resource: calls of the service's own API, which are counted as such."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

#: Of this server, for the calls.
URL = "BATCH_STACK_URL"
S3_ENDPOINT = "BATCH_STACK_S3_ENDPOINT"


@dataclass
class Made:
    """A resource that exists."""

    type: str
    properties: dict
    #: What Ref answers.
    ref: str
    attributes: dict[str, str] = field(default_factory=dict)


class Services:
    """Clients of this very server; S3's calls are counted by name, since requests do not tell it."""

    def __init__(self, region: str, count_s3: Callable[[str], None]):
        self.region, self.count_s3 = region, count_s3
        self._clients: dict[str, object] = {}

    def __call__(self, name: str, endpoint: str | None = None):
        key = name + (endpoint or "")
        if key not in self._clients:
            config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
            url = endpoint or os.environ[URL]
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "testtest"}
            client = boto3.client(name, endpoint_url=url, region_name=self.region, config=config, **keys)
            if name == "s3" and endpoint is None:
                client.meta.events.register(
                    "before-call.s3", lambda model, **_: self.count_s3(f"s3:{model.name}"), unique_id="count"
                )
            self._clients[key] = client
        return self._clients[key]


def api_shape(value, keep: tuple[str, ...] = ("Tags",)):
    """CloudFormation's `MaxvCpus` is the API's `maxvCpus`; keys of maps that users name stay."""
    if isinstance(value, list):
        return [api_shape(item, keep) for item in value]
    if isinstance(value, dict):
        return {k[0].lower() + k[1:]: v if k in keep else api_shape(v, keep) for k, v in value.items()}
    return value


class Bucket:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        name = p.get("BucketName", name.lower())
        if exists(servers(aws)[-1], name):
            raise ValueError(f"{name} already exists")
        for s3 in servers(aws):
            # moto has not heard of one that was removed where objects live.
            if exists(s3, name):
                s3.delete_bucket(Bucket=name)
            s3.create_bucket(Bucket=name)
        made = Made("", p, name, {"Arn": f"arn:aws:s3:::{name}"})
        Bucket.update(aws, made, p)
        return made

    @staticmethod
    def update(aws: Services, made: Made, p: dict) -> None:
        s3, name = aws("s3"), made.ref
        if "BucketEncryption" in p:
            rules = [
                {"ApplyServerSideEncryptionByDefault": r["ServerSideEncryptionByDefault"]}
                | ({"BucketKeyEnabled": r["BucketKeyEnabled"]} if "BucketKeyEnabled" in r else {})
                for r in p["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            ]
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
        if "PublicAccessBlockConfiguration" in p:
            block = p["PublicAccessBlockConfiguration"]
            s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
        if "OwnershipControls" in p:
            s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=p["OwnershipControls"])
        if "LifecycleConfiguration" in p:
            rules = [lifecycle_rule(rule) for rule in p["LifecycleConfiguration"]["Rules"]]
            s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        for s3 in servers(aws)[::-1]:
            s3.delete_bucket(Bucket=made.ref)


def servers(aws: Services) -> list:
    """moto knows a bucket's settings; objects live at the S3 server, where there is one. That one decides."""
    endpoint = os.environ.get(S3_ENDPOINT)
    if not endpoint:
        return [aws("s3")]
    return [aws("s3"), aws("s3", endpoint)]


def exists(s3, name: str) -> bool:
    try:
        s3.head_bucket(Bucket=name)
    except ClientError:
        return False
    return True


def lifecycle_rule(rule: dict) -> dict:
    chosen = {"Prefix": rule.get("Prefix", "")}
    if "TagFilters" in rule:
        chosen = {"And": chosen | {"Tags": rule["TagFilters"]}}
    made = {"ID": rule["Id"], "Status": rule["Status"], "Filter": chosen}
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "AbortIncompleteMultipartUpload" in rule:
        made["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    return made


class BucketPolicy:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        aws("s3").put_bucket_policy(Bucket=p["Bucket"], Policy=json.dumps(p["PolicyDocument"]))
        return Made("", p, p["Bucket"])

    @staticmethod
    def update(aws: Services, made: Made, p: dict) -> None:
        BucketPolicy.create(aws, "", p)

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        aws("s3").delete_bucket_policy(Bucket=made.ref)


class Repository:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        name = p.get("RepositoryName", name.lower())
        aws("ecr").create_repository(repositoryName=name)
        made = Made("", p, name)
        Repository.update(aws, made, p)
        return made

    @staticmethod
    def update(aws: Services, made: Made, p: dict) -> None:
        ecr, name = aws("ecr"), made.ref
        ecr.put_image_tag_mutability(
            repositoryName=name, imageTagMutability=p.get("ImageTagMutability", "MUTABLE")
        )
        scan = api_shape(p.get("ImageScanningConfiguration", {"ScanOnPush": False}))
        ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration=scan)
        if "LifecyclePolicy" in p:
            text = p["LifecyclePolicy"]["LifecyclePolicyText"]
            ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        aws("ecr").delete_repository(repositoryName=made.ref)


class Role:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        document = json.dumps(p["AssumeRolePolicyDocument"])
        more = {"Description": p["Description"]} if "Description" in p else {}
        role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)["Role"]
        made = Made("", {}, name, {"Arn": role["Arn"]})
        Role._policies(aws, made, p)
        return made

    @staticmethod
    def update(aws: Services, made: Made, p: dict) -> None:
        document = json.dumps(p["AssumeRolePolicyDocument"])
        aws("iam").update_assume_role_policy(RoleName=made.ref, PolicyDocument=document)
        Role._policies(aws, made, p)

    @staticmethod
    def _policies(aws: Services, made: Made, p: dict) -> None:
        iam, before = aws("iam"), made.properties
        for arn in set(before.get("ManagedPolicyArns", [])) - set(p.get("ManagedPolicyArns", [])):
            iam.detach_role_policy(RoleName=made.ref, PolicyArn=arn)
        for arn in p.get("ManagedPolicyArns", []):
            iam.attach_role_policy(RoleName=made.ref, PolicyArn=arn)
        kept = {policy["PolicyName"] for policy in p.get("Policies", [])}
        for policy in before.get("Policies", []):
            if policy["PolicyName"] not in kept:
                iam.delete_role_policy(RoleName=made.ref, PolicyName=policy["PolicyName"])
        for policy in p.get("Policies", []):
            document = json.dumps(policy["PolicyDocument"])
            iam.put_role_policy(RoleName=made.ref, PolicyName=policy["PolicyName"], PolicyDocument=document)

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        Role._policies(aws, made, {})
        aws("iam").delete_role(RoleName=made.ref)


class InstanceProfile:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        iam = aws("iam")
        arn = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
        for role in p["Roles"]:
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
        return Made("", p, name, {"Arn": arn})

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        iam = aws("iam")
        for role in made.properties["Roles"]:
            iam.remove_role_from_instance_profile(InstanceProfileName=made.ref, RoleName=role)
        iam.delete_instance_profile(InstanceProfileName=made.ref)


class ManagedPolicy:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        document = json.dumps(p["PolicyDocument"])
        if len(document.replace(" ", "")) > 6144:
            raise ValueError("Cannot exceed quota for PolicySize: 6144")
        made = aws("iam").create_policy(PolicyName=name, PolicyDocument=document, Description=p.get("Description", ""))
        return Made("", p, made["Policy"]["Arn"])

    @staticmethod
    def update(aws: Services, made: Made, p: dict) -> None:
        iam, arn = aws("iam"), made.ref
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(p["PolicyDocument"]), SetAsDefault=True)

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        iam, arn = aws("iam"), made.ref
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)


class SecurityGroup:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        ec2 = aws("ec2")
        group = ec2.create_security_group(GroupName=name, Description=p["GroupDescription"], VpcId=p["VpcId"])["GroupId"]
        made = Made("", p, group, {"GroupId": group})
        SecurityGroup.update(aws, made, p)
        return made

    @staticmethod
    def update(aws: Services, made: Made, p: dict) -> None:
        ec2 = aws("ec2")
        (found,) = ec2.describe_security_groups(GroupIds=[made.ref])["SecurityGroups"]
        if found["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=made.ref, IpPermissions=found["IpPermissionsEgress"])
        for rule in p.get("SecurityGroupEgress", []):
            permission = {"IpProtocol": rule["IpProtocol"], "IpRanges": [{"CidrIp": rule["CidrIp"]}]}
            ec2.authorize_security_group_egress(GroupId=made.ref, IpPermissions=[permission])

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        aws("ec2").delete_security_group(GroupId=made.ref)


class LaunchTemplate:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        data = numbers(p["LaunchTemplateData"])
        made = aws("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)["LaunchTemplate"]
        return Made("", p, made["LaunchTemplateId"], {"LatestVersionNumber": "1"})

    @staticmethod
    def update(aws: Services, made: Made, p: dict) -> None:
        data = numbers(p["LaunchTemplateData"])
        answer = aws("ec2").create_launch_template_version(LaunchTemplateId=made.ref, LaunchTemplateData=data)
        made.attributes["LatestVersionNumber"] = str(answer["LaunchTemplateVersion"]["VersionNumber"])

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        aws("ec2").delete_launch_template(LaunchTemplateId=made.ref)


def numbers(value):
    """Values of parameters are text; the API wants numbers."""
    if isinstance(value, list):
        return [numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class ComputeEnvironment:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        more = {"serviceRole": p["ServiceRole"]} if "ServiceRole" in p else {}
        made = aws("batch").create_compute_environment(
            computeEnvironmentName=p.get("ComputeEnvironmentName", name),
            type=p["Type"],
            state=p.get("State", "ENABLED"),
            computeResources=ComputeEnvironment.resources(p),
            **more,
        )
        return Made("", p, made["computeEnvironmentArn"])

    @staticmethod
    def resources(p: dict) -> dict:
        found = api_shape(p["ComputeResources"])
        # Only for updates.
        found.pop("updateToLatestImageVersion", None)
        for name in ("minvCpus", "maxvCpus", "desiredvCpus"):
            if name in found:
                found[name] = int(found[name])
        return found

    @staticmethod
    def update(aws: Services, made: Made, p: dict) -> None:
        resources = ComputeEnvironment.resources(p)
        aws("batch").update_compute_environment(
            computeEnvironment=made.ref, state=p.get("State", "ENABLED"), computeResources=resources
        )

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        aws("batch").update_compute_environment(computeEnvironment=made.ref, state="DISABLED")
        aws("batch").delete_compute_environment(computeEnvironment=made.ref)


class JobQueue:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        request = JobQueue.request(p)
        made = aws("batch").create_job_queue(jobQueueName=p.get("JobQueueName", name), **request)
        return Made("", p, made["jobQueueArn"])

    @staticmethod
    def request(p: dict) -> dict:
        wanted = ("Priority", "State", "ComputeEnvironmentOrder", "JobStateTimeLimitActions")
        return api_shape({name: p[name] for name in wanted if name in p})

    @staticmethod
    def update(aws: Services, made: Made, p: dict) -> None:
        aws("batch").update_job_queue(jobQueue=made.ref, **JobQueue.request(p))

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        aws("batch").update_job_queue(jobQueue=made.ref, state="DISABLED")
        aws("batch").delete_job_queue(jobQueue=made.ref)


class LogGroup:
    @staticmethod
    def create(aws: Services, name: str, p: dict) -> Made:
        name = p.get("LogGroupName", name)
        aws("logs").create_log_group(logGroupName=name)
        made = Made("", p, name)
        LogGroup.update(aws, made, p)
        return made

    @staticmethod
    def update(aws: Services, made: Made, p: dict) -> None:
        if "RetentionInDays" in p:
            aws("logs").put_retention_policy(logGroupName=made.ref, retentionInDays=int(p["RetentionInDays"]))

    @staticmethod
    def delete(aws: Services, made: Made) -> None:
        aws("logs").delete_log_group(logGroupName=made.ref)


HANDLERS = {
    "AWS::S3::Bucket": Bucket,
    "AWS::S3::BucketPolicy": BucketPolicy,
    "AWS::ECR::Repository": Repository,
    "AWS::IAM::Role": Role,
    "AWS::IAM::InstanceProfile": InstanceProfile,
    "AWS::IAM::ManagedPolicy": ManagedPolicy,
    "AWS::EC2::SecurityGroup": SecurityGroup,
    "AWS::EC2::LaunchTemplate": LaunchTemplate,
    "AWS::Batch::ComputeEnvironment": ComputeEnvironment,
    "AWS::Batch::JobQueue": JobQueue,
    "AWS::Logs::LogGroup": LogGroup,
}


def unique(stack: str, logical: str) -> str:
    return f"{stack}-{logical}-{time.monotonic_ns() % 36**8:X}"
