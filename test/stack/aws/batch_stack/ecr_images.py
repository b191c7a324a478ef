"""ECR's view of images that were really pushed to the local registry: API_DescribeImages.html, API_BatchGetImage.html

With BATCH_STACK_REGISTRY set, repositories answer with the registry's address, and a client pushes there. What it holds is
read from its folder, BATCH_STACK_REGISTRY_FOLDER: the API answers also while the registry is down, as it does at AWS.
Layout: https://distribution.github.io/distribution/storage-drivers/filesystem/"""

from __future__ import annotations

import json
import os
from pathlib import Path

from moto.ecr.models import ecr_backends

from .errors import ApiError


class ImageNotFound(ApiError):
    code = "ImageNotFoundException"


class RepositoryNotFound(ApiError):
    code = "RepositoryNotFoundException"


def registry() -> str | None:
    """`localhost:PORT`, or None where the stack runs without a registry."""
    return os.environ.get("BATCH_STACK_REGISTRY")


def with_local_names(body: bytes, account: str, region: str) -> bytes:
    """Repository URIs and the login's endpoint lead to the local registry."""
    name = f"{account}.dkr.ecr.{region}.amazonaws.com".encode()
    local = (registry() or "").encode()
    return body.replace(b"https://" + name, b"http://" + local).replace(name, local) if local else body


def answer(action: str, request: dict, account: str, region: str) -> dict | None:
    """DescribeImages, BatchGetImage and ListImages for one repository; None for all else."""
    actions = {"ecr:DescribeImages": described, "ecr:BatchGetImage": got, "ecr:ListImages": listed}
    if registry() is None or action not in actions:
        return None
    name = request["repositoryName"]
    if name not in ecr_backends[account][region].repositories:
        text = f"The repository with name '{name}' does not exist in the registry with id '{account}'"
        raise RepositoryNotFound(text)
    return actions[action](Repository(name, account), request)


class Repository:
    """What the registry holds under one name."""

    def __init__(self, name: str, account: str):
        self.name, self.account = name, account
        root = Path(os.environ["BATCH_STACK_REGISTRY_FOLDER"]) / "docker/registry/v2"
        self.blobs = root / "blobs/sha256"
        self.manifests = root / "repositories" / name / "_manifests"

    def tags(self) -> dict[str, str]:
        """Tag to digest."""
        links = sorted((self.manifests / "tags").glob("*/current/link"))
        return {link.parent.parent.name: link.read_text() for link in links}

    def digests(self) -> list[str]:
        return [f"sha256:{link.parent.name}" for link in (self.manifests / "revisions/sha256").glob("*/link")]

    def find(self, image_id: dict) -> str | None:
        """The digest of what a request names by digest, by tag or by both."""
        digest = image_id.get("imageDigest") or self.tags().get(image_id.get("imageTag", ""))
        return digest if digest in self.digests() else None

    def manifest(self, digest: str) -> str:
        name = digest.removeprefix("sha256:")
        return (self.blobs / name[:2] / name / "data").read_text()

    def detail(self, digest: str) -> dict:
        manifest = json.loads(self.manifest(digest))
        link = self.manifests / "revisions/sha256" / digest.removeprefix("sha256:") / "link"
        return {
            "registryId": self.account,
            "repositoryName": self.name,
            "imageDigest": digest,
            "imageTags": [tag for tag, tagged in self.tags().items() if tagged == digest],
            "imageSizeInBytes": sum(layer["size"] for layer in manifest.get("layers", ())),
            "imagePushedAt": link.stat().st_mtime,
        }


def described(repository: Repository, request: dict) -> dict:
    if "imageIds" not in request:
        return {"imageDetails": [repository.detail(digest) for digest in repository.digests()]}
    found = []
    for image_id in request["imageIds"]:
        digest = repository.find(image_id)
        if digest is None:
            text = f"The image with imageId {image_id} does not exist within the repository '{repository.name}'"
            raise ImageNotFound(text)
        found.append(digest)
    return {"imageDetails": [repository.detail(digest) for digest in dict.fromkeys(found)]}


def got(repository: Repository, request: dict) -> dict:
    images, failures = [], []
    for image_id in request["imageIds"]:
        digest = repository.find(image_id)
        if digest is None:
            failure = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            failures.append({"imageId": image_id, **failure})
        else:
            names = {"repositoryName": repository.name, "imageId": {**image_id, "imageDigest": digest}}
            images.append({**names, "imageManifest": repository.manifest(digest)})
    return {"images": images, "failures": failures}


def listed(repository: Repository, request: dict) -> dict:
    return {"imageIds": [{"imageTag": tag, "imageDigest": digest} for tag, digest in repository.tags().items()]}
