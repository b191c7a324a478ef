"""HTTP requests, as far as the front door has to understand them."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qs

import botocore.session

SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Call:
    """`action` is `service:Action`, such as `batch:SubmitJob` or `s3:PUT`."""

    service: str
    action: str
    region: str
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body or b"{}")


def parse(environ: dict) -> Call:
    """Reads the body and puts it back, for whoever handles the request next."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    found = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service, region = (found[3], found[2]) if found else ("unsigned", "us-east-1")
    return Call(service, f"{service}:{operation(environ, service, body)}", region, body)


def operation(environ: dict, service: str, body: bytes) -> str:
    if service == "batch":
        name = environ["PATH_INFO"].removeprefix("/v1/").split("/")[0]
        return batch_operations().get(name, name)
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return target.rsplit(".", 1)[-1]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(body.decode("utf8", "replace")).get("Action", ["?"])[0]
    return environ["REQUEST_METHOD"]


_operations: dict[str, str] = {}


def batch_operations() -> dict[str, str]:
    """`submitjob` to `SubmitJob`, from the service's own model."""
    if not _operations:
        model = botocore.session.get_session().get_service_model("batch")
        for name in model.operation_names:
            _operations[model.operation_model(name).http["requestUri"].removeprefix("/v1/").split("/")[0]] = name
    return _operations
