"""Control endpoints for tests, under /_stack/. JSON in, JSON out; a wrong body is 400 with a message."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs

from .calls import Calls
from .faults import Faults
from .job import DONE, Outcome
from .outcomes import Outcomes
from .region import Regions
from .settings import Settings


class Control:
    def __init__(self, regions: Regions, settings: Settings, calls: Calls, faults: Faults, outcomes: Outcomes):
        self.regions = regions
        self.settings = settings
        self.calls = calls
        self.faults = faults
        self.outcomes = outcomes
        self.routes: dict[str, Callable] = {
            "GET health": lambda body, query: {"ok": True},
            "GET calls": lambda body, query: self.calls.as_json("log" in query),
            "DELETE calls": lambda body, query: self.calls.clear(),
            "GET peak": lambda body, query: {"perSecond": self.calls.peak_per_second(query["action"][0])},
            "GET faults": lambda body, query: {"faults": self.faults.as_json()},
            "POST faults": lambda body, query: self.faults.add(body),
            "DELETE faults": lambda body, query: self.faults.clear(),
            "GET settings": lambda body, query: self.settings.as_json(),
            "POST settings": self.change_settings,
            "POST outcomes": lambda body, query: self.outcomes.add(body),
            "DELETE outcomes": lambda body, query: self.outcomes.plans.clear(),
            "POST wipe": self.wipe,
            "POST reclaim": self.reclaim,
            "POST finish": self.finish,
            "POST compute-environments": self.compute_environment,
            "GET state": self.state,
        }

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        status, answer = self.answer(environ)
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def answer(self, environ: dict) -> tuple[str, dict]:
        name = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].removeprefix('/_stack/')}"
        route = self.routes.get(name)
        if route is None:
            return "404 Not Found", {"message": f"no {name}; there are {', '.join(sorted(self.routes))}"}
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = json.loads(environ["wsgi.input"].read(length) or b"{}") if length else {}
            query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
            return "200 OK", route(body, query) or {}
        except (ValueError, TypeError, KeyError) as error:
            return "400 Bad Request", {"message": str(error)}

    def change_settings(self, body: dict, _query: dict) -> dict:
        self.settings.update(body)
        for region in self.regions.all():
            with region.batch.changed:
                region.batch.changed.notify_all()
        return self.settings.as_json()

    def wipe(self, body: dict, _query: dict) -> dict:
        """Batch forgets its jobs, as it does some days after they ended. Running attempts are ended first."""
        count = 0
        for region in self.regions.all():
            count += len(region.batch.jobs)
            for job in region.batch.forget():
                if job.stop:
                    job.stop.ask("reclaim")
        return {"forgotten": count}

    def reclaim(self, body: dict, _query: dict) -> dict:
        """Spot takes the hosts of these running jobs (children or parents; all, without `jobs`)."""
        wanted = set(body.get("jobs") or [])
        hit = []
        for region in self.regions.all():
            with region.batch.changed:
                for job in region.batch.running.values():
                    if job.stop and (not wanted or {job.id, job.id.split(":")[0]} & wanted):
                        job.stop.ask("reclaim")
                        hit.append(job.id)
                region.batch.changed.notify_all()
        return {"reclaimed": hit}

    def finish(self, body: dict, _query: dict) -> dict:
        status_reason = body.get("statusReason", "Essential container in task exited")
        outcome = Outcome(body.get("exitCode", 0), status_reason, body.get("reason"))
        return {"finished": sum(r.scheduler.finish_manual(body.get("jobs") or [], outcome) for r in self.regions.all())}

    def compute_environment(self, body: dict, _query: dict) -> dict:
        """{name, status: VALID|INVALID, statusReason, region?}"""
        catalog = self.regions.get(body.get("region", "us-east-1")).catalog
        if body["status"] == "INVALID":
            catalog.invalid[body["name"]] = body.get("statusReason", "CLIENT_ERROR - on purpose")
        else:
            catalog.invalid.pop(body["name"], None)
        return {}

    def state(self, _body: dict, _query: dict) -> dict:
        """Counts for tests that wait: jobs known, not over, running."""
        batches = [region.batch for region in self.regions.all()]
        jobs = [job for batch in batches for job in list(batch.jobs.values())]
        open_jobs = sum(1 for job in jobs if job.status not in DONE)
        return {"jobs": len(jobs), "open": open_jobs, "running": sum(len(batch.running) for batch in batches)}
