"""Attempts as podman containers."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass

from ..batch import Batch
from ..job import Job, Outcome
from .environment import attempt_environment
from .oom import kernel_killed
from .supervise import CannotStart, supervise

#: Exit codes that podman uses for its own failures, as may a program: podman-run(1), "Exit Status".
CANNOT_START = (125, 126, 127)


def run_container(batch: Batch, job: Job) -> Outcome:
    return supervise(batch, job, lambda: start(batch, job))


def start(batch: Batch, job: Job) -> Container:
    provide_image(job.spec.image, batch.settings.pull)
    folder = tempfile.TemporaryDirectory(prefix="batch-attempt-", dir=batch.settings.work_dir)
    cid_file = os.path.join(folder.name, "cid")
    environment = attempt_environment(batch, job)
    argv = ["podman", "run", "--cidfile", cid_file, *options(batch, job), *named(environment), job.spec.image]
    process = subprocess.Popen(
        [*argv, *job.spec.command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # conmon leaves an empty file named `oom` where it was started, if that is how a container ends.
        cwd=folder.name,
        env={**os.environ, **environment, "PATH": os.environ["PATH"]},
        start_new_session=True,
    )
    return Container(process, folder, cid_file)


def provide_image(image: str, pull: str) -> None:
    """Pulls apart from running, so that a failure has its own reason and leaves nothing in the job's log."""
    present = subprocess.run(["podman", "image", "exists", image], capture_output=True, check=False).returncode == 0
    if present and pull == "missing":
        return
    found = subprocess.run(["podman", "pull", "--quiet", image], capture_output=True, check=False, text=True)
    if found.returncode != 0:
        raise CannotStart(f"CannotPullContainerError: {last_line(found.stderr)}")


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1].removeprefix("Error: ")


def named(environment: dict[str, str]) -> list[str]:
    """`--env NAME` takes the value from podman's own environment, so that none shows in the process list."""
    return [f"--env={n}={v}" if n in ("PATH", "HOME", "TMPDIR") else f"--env={n}" for n, v in environment.items()]


def options(batch: Batch, job: Job) -> list[str]:
    """Job definition to podman's options; VCPU is a share and no hard limit on EC2: API_ResourceRequirement.html"""
    spec, memory = job.spec, f"{job.spec.memory_mib}m"
    container, linux = spec.container, spec.container.get("linuxParameters") or {}
    sources = {v["name"]: v["host"].get("sourcePath") for v in container.get("volumes", ())}
    out = ["--log-driver=none", f"--network={batch.settings.network}", "--pull=never"]
    out += [f"--memory={memory}", f"--memory-swap={memory}", f"--cpu-shares={1024 * spec.vcpus}"]
    out += [f"--label=batch.job={job.id}"]
    out += [f"--user={container['user']}"] if container.get("user") else []
    out += ["--privileged"] if container.get("privileged") else []
    out += ["--read-only"] if container.get("readonlyRootFilesystem") else []
    out += ["--init"] if linux.get("initProcessEnabled") else []
    out += [f"--shm-size={linux['sharedMemorySize']}m"] if linux.get("sharedMemorySize") else []
    out += [f"--tmpfs={t['containerPath']}:size={t['size']}m" for t in linux.get("tmpfs", ())]
    out += [f"--ulimit={u['name']}={u['softLimit']}:{u['hardLimit']}" for u in container.get("ulimits", ())]
    for mount in container.get("mountPoints", ()):
        out.append(
            f"--volume={host_folder(sources, mount)}:{mount['containerPath']}{':ro' if mount.get('readOnly') else ''}"
        )
    return out


def host_folder(sources: dict[str, str | None], mount: dict) -> str:
    """As dockerd does, a missing host folder is made; without a sourcePath the volume is the task's own."""
    path = sources.get(mount["sourceVolume"])
    if path:
        os.makedirs(path, exist_ok=True)
    return path or mount["sourceVolume"]


@dataclass
class Container:
    process: subprocess.Popen
    folder: tempfile.TemporaryDirectory
    cid_file: str

    @property
    def id(self) -> str | None:
        try:
            with open(self.cid_file, encoding="utf8") as file:
                return file.read().strip() or None
        except FileNotFoundError:
            return None

    def has_started(self) -> bool:
        return self.id is not None

    def signal(self, name: str) -> None:
        subprocess.run(["podman", "kill", f"--signal={name}", self.id or "none"], capture_output=True, check=False)

    def outcome(self, exit_code: int) -> Outcome:
        if exit_code in CANNOT_START and not self.was_invoked():
            return CannotStart("CannotStartContainerError: failed to create the task's container", exit_code).outcome
        if exit_code == 137 and kernel_killed(self.id or "none"):
            return Outcome(exit_code, reason="OutOfMemoryError: Container killed due to memory usage")
        return Outcome(exit_code)

    def was_invoked(self) -> bool:
        """False if the command itself never started; a program may also exit with 126 or 127 of its own."""
        argv = ["podman", "inspect", "--format={{.State.StartedAt.Unix}}", self.id or "none"]
        found = subprocess.run(argv, capture_output=True, check=False, text=True)
        return found.returncode == 0 and int(found.stdout.strip() or -1) > 0

    def clean(self) -> None:
        if self.id:
            argv = ["podman", "rm", "--force", "--volumes", "--time=0", self.id]
            subprocess.run(argv, capture_output=True, check=False)
        self.process.stdout.close()
        self.folder.cleanup()
