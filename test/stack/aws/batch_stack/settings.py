"""What a test can choose: read from the environment at start, changed later through POST /_stack/settings."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields

EXECUTES = ("containers", "processes")
FAKES = ("", "instant", "manual")

#: Shown while nothing is placed yet; AWS may show the very words of a real misconfiguration for a while.
SCALE_UP_REASON = (
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU)"
    " is higher than that can be met by the CE(s) attached to the job queue."
)


@dataclass
class Settings:
    """Every field has the same name, in camel case, under /_stack/settings."""

    #: `containers` (podman) or `processes` of this host.
    execute: str = "containers"
    #: `instant`: attempts succeed without running; `manual`: they run until POST /_stack/finish; empty: they run.
    fake: str = ""
    #: Attempts that really run at the same time; more wait in RUNNABLE, whatever the queue's vCPUs allow.
    slots: int = 4
    #: Real seconds for one second of a job timeout, the 30 s before SIGKILL, a queue's time limit, a scale-up.
    time_scale: float = 1.0
    #: Added to every attempt's environment: endpoints, credentials.
    container_env: dict = field(default_factory=dict)
    #: podman's --network; `host` is what ECS gives jobs on EC2.
    network: str = "host"
    #: podman's --pull: `missing` (as ECS prefer-cached) or `always`.
    pull: str = "missing"
    #: For processes: image glob and the argv put before the command, in the place of the image's ENTRYPOINT.
    entrypoints: list = field(default_factory=list)
    #: SubmitJob calls a second before TooManyRequestsException; 0 means no limit.
    submit_rate: float = 50
    #: Seconds (scaled) from the first RUNNABLE job to the first placement, as if instances had to start.
    scale_up_seconds: float = 0
    #: statusReason of the head of the queue during the scale-up; empty for none.
    scale_up_reason: str = ""
    #: Where attempts get their working folders, when they are processes.
    work_dir: str = "/tmp"

    def scaled(self, seconds: float) -> float:
        return seconds * self.time_scale

    def as_json(self) -> dict:
        return {camel(name): value for name, value in asdict(self).items()}

    def update(self, changes: dict) -> None:
        """Takes camel-case names; refuses unknown names and values of another type."""
        known = {camel(f.name): f.name for f in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"no setting {name!r}; there are {', '.join(sorted(known))}")
            setattr(self, known[name], coerced(name, value, getattr(self, known[name])))
        if self.execute not in EXECUTES or self.fake not in FAKES:
            raise ValueError(f"execute is one of {EXECUTES}, fake one of {FAKES}")


def coerced(name: str, value, like):
    """The value in the type of what it replaces; a number is no text."""
    if isinstance(like, float) and isinstance(value, int):
        return float(value)
    if isinstance(like, int) and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, (int, float) if isinstance(like, (int, float)) else type(like)):
        raise ValueError(f"{name} needs a {type(like).__name__}, not {value!r}")
    return value


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def from_environment(env=os.environ) -> Settings:
    """BATCH_EXECUTE, BATCH_FAKE_EXECUTE, BATCH_SLOTS… and BATCH_SETTINGS, a JSON object of any of them."""
    settings = Settings(slots=int(env.get("BATCH_SLOTS", "4")), work_dir=env.get("BATCH_WORK_DIR", "/tmp"))
    settings.update(
        {
            "execute": env.get("BATCH_EXECUTE", "containers"),
            "fake": env.get("BATCH_FAKE_EXECUTE", ""),
            "timeScale": float(env.get("BATCH_TIME_SCALE", "1")),
            "containerEnv": json.loads(env.get("BATCH_CONTAINER_ENV", "{}")),
            "entrypoints": json.loads(env.get("BATCH_ENTRYPOINTS", "[]")),
            **json.loads(env.get("BATCH_SETTINGS", "{}")),
        }
    )
    return settings
