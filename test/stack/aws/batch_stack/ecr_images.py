"""ECR's view of images that were really pushed to the local registry: API_DescribeImages.html, API_BatchGetImage.html

With BATCH_STACK_REGISTRY set, repositories answer with the registry's address, and a client pushes there."""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.request

from .errors import ApiError

TYPES = (
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json,"
    " application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
)
PASSWORD = "123456789012-auth-token"


class ImageNotFound(ApiError):
    code = "ImageNotFoundException"


def registry() -> str | None:
    """`localhost:PORT`, or None where the stack runs without a registry."""
    return os.environ.get("BATCH_STACK_REGISTRY")


def with_local_names(body: bytes, account: str, region: str) -> bytes:
    """Repository URIs and the login's endpoint lead to the local registry."""
    name = f"{account}.dkr.ecr.{region}.amazonaws.com".encode()
    local = (registry() or "").encode()
    return body.replace(b"https://" + name, b"http://" + local).replace(name, local) if local else body


def answer(action: str, request: dict) -> dict | None:
    """DescribeImages, BatchGetImage and ListImages for one repository; None for all else."""
    if registry() is None:
        return None
    if action == "ecr:DescribeImages":
        return {"imageDetails": details(request)}
    if action == "ecr:BatchGetImage":
        return got(request)
    if action == "ecr:ListImages":
        name = request["repositoryName"]
        return {"imageIds": [{"imageTag": t, "imageDigest": fetch(name, t)[0]} for t in tags(name)]}
    return None


def details(request: dict) -> list[dict]:
    name = request["repositoryName"]
    wanted = request.get("imageIds") or [{"imageTag": tag} for tag in tags(name)]
    found: dict[str, dict] = {}
    for image_id in wanted:
        reference = image_id.get("imageDigest") or image_id.get("imageTag")
        manifest = fetch(name, reference)
        if manifest is None:
            raise ImageNotFound(f"The image with imageId {image_id} does not exist within the repository '{name}'")
        digest, body = manifest
        size = sum(layer["size"] for layer in json.loads(body).get("layers", ()))
        detail = {"repositoryName": name, "registryId": PASSWORD[:12], "imageDigest": digest, "imageSizeInBytes": size}
        found.setdefault(digest, {**detail, "imageTags": []})
        found[digest]["imageTags"] += [image_id["imageTag"]] if "imageTag" in image_id else []
    return list(found.values())


def got(request: dict) -> dict:
    name, images, failures = request["repositoryName"], [], []
    for image_id in request["imageIds"]:
        manifest = fetch(name, image_id.get("imageDigest") or image_id.get("imageTag"))
        if manifest is None:
            failures.append(
                {"imageId": image_id, "failureCode": "ImageNotFound", "failureReason": "not in the registry"}
            )
        else:
            full = {**image_id, "imageDigest": manifest[0]}
            images.append({"repositoryName": name, "imageId": full, "imageManifest": manifest[1].decode()})
    return {"images": images, "failures": failures}


def tags(name: str) -> list[str]:
    found = ask(f"{name}/tags/list")
    return (json.loads(found[1]).get("tags") or []) if found else []


def fetch(name: str, reference: str) -> tuple[str, bytes] | None:
    """(digest, manifest)"""
    return ask(f"{name}/manifests/{reference}")


def ask(path: str) -> tuple[str, bytes] | None:
    login = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Accept": TYPES}
    request = urllib.request.Request(f"http://{registry()}/v2/{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.headers.get("Docker-Content-Digest", ""), response.read()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise
