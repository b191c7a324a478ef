"""The front door: counts, faults, our Batch jobs, and moto for everything else. A WSGI application."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterable

from . import credentials, ecr_images, iam_simulation, requests
from .calls import Calls
from .control import Control
from .errors import ApiError, ClientException, ServerException, TooManyRequests
from .faults import Faults
from .moto_fixes import after, before
from .rate import Rate
from .region import Region, Regions

#: Bytes: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
MAX_BODY = {"batch:SubmitJob": 30 * 1024, "batch:RegisterJobDefinition": 24 * 1024}


class Front:
    def __init__(self, regions: Regions, moto: Callable, calls: Calls, faults: Faults, control: Control):
        self.regions = regions
        self.moto = moto
        self.calls = calls
        self.faults = faults
        self.control = control
        self.rate = Rate()

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/_stack/"):
            return self.control(environ, start_response)
        call = requests.parse(environ)
        if environ["PATH_INFO"] == credentials.PATH:
            call = credentials.CALL
        entry = self.calls.begin(call.action)
        fault = self.faults.take(call.action)
        kind = fault.kind if fault else None
        if kind == "lose-request":
            return self._cut(environ, entry, "lost-request")
        if kind == "delay":
            time.sleep(fault.seconds)
        try:
            if kind == "throttle":
                raise TooManyRequests("Too Many Requests")
            if kind == "error":
                raise ServerException("An internal error, on purpose")
            status, headers, body = self._answer(call, environ)
        except ApiError as error:
            status, headers, body = error_answer(error)
        if kind == "lose-answer":
            return self._cut(environ, entry, f"lost-answer {status[:3]}")
        self.calls.end(entry, status[:3])
        start_response(status, headers)
        return [body]

    def _answer(self, call: requests.Call, environ: dict) -> tuple[str, list, bytes]:
        if len(call.body) > MAX_BODY.get(call.action, len(call.body)):
            raise ClientException(f"The request of {len(call.body)} bytes is larger than {MAX_BODY[call.action]}")
        region = self.regions.get(call.region)
        ours = self._batch_jobs(call, region) if call.service == "batch" else None
        if call is credentials.CALL:
            ours = credentials.answer()
        if ours is None and call.service == "ecr":
            ours = ecr_images.answer(call.action, call.json(), region.catalog.account, call.region)
        if ours is not None:
            return "200 OK", [("Content-Type", "application/json")], json.dumps(ours).encode()
        if call.action in iam_simulation.ACTIONS:
            simulated = iam_simulation.answer(call.action, call.body, region.catalog.account)
            return "200 OK", [("Content-Type", "text/xml")], simulated
        before(call, region)
        status, headers, body = self._ask_moto(environ)
        return status, *after(call, region, status, headers, body)

    def _batch_jobs(self, call: requests.Call, region: Region) -> dict | None:
        """The five actions on jobs; None for everything else."""
        batch, name = region.batch, call.action.removeprefix("batch:")
        if name == "SubmitJob":
            if not self.rate.allows(region.settings.submit_rate):
                raise TooManyRequests("Too Many Requests")
            return batch.submit(call.json())
        if name == "DescribeJobs":
            return batch.describe(call.json().get("jobs") or [])
        if name == "ListJobs":
            return batch.list(call.json())
        if name in ("CancelJob", "TerminateJob"):
            body = call.json()
            stop = batch.cancel if name == "CancelJob" else batch.terminate
            stop(body.get("jobId") or "", body.get("reason") or "")
            return {}
        return None

    def _ask_moto(self, environ: dict) -> tuple[str, list, bytes]:
        answer: list = []
        parts = self.moto(environ, lambda status, headers, exc_info=None: answer.extend((status, headers)))
        body = b"".join(parts)
        headers = [(n, v) for n, v in answer[1] if n.lower() != "content-length"]
        return answer[0], headers, body

    def _cut(self, environ: dict, entry: dict, status: str) -> Iterable[bytes]:
        """The client sees a connection that ends without an answer."""
        self.calls.end(entry, status)
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError


def error_answer(error: ApiError) -> tuple[str, list, bytes]:
    headers = [("Content-Type", "application/json"), ("x-amzn-errortype", error.code)]
    body = json.dumps({"__type": error.code, "message": error.message, "Message": error.message})
    return f"{error.status} Error", headers, body.encode()
