"""Attempts as processes of this host: quicker, and for machines without containers. The image decides only the
argv prefix that stands for its ENTRYPOINT; user, mounts and ulimits of the job definition do not apply."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..batch import Batch
from ..job import Job, Outcome
from .environment import attempt_environment
from .memory_group import MemoryGroup
from .supervise import CannotStart, supervise

#: Kept from this host's environment; everything else comes from the job.
INHERITED = ("PATH", "LANG", "LC_ALL")


def run_process(batch: Batch, job: Job) -> Outcome:
    return supervise(batch, job, lambda: start(batch, job))


def start(batch: Batch, job: Job) -> Process:
    folder = tempfile.TemporaryDirectory(prefix="batch-attempt-", dir=batch.settings.work_dir)
    argv = [*entrypoint(batch, job.spec.image), *job.spec.command]
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment = {**inherited, "HOME": folder.name, "TMPDIR": folder.name, **attempt_environment(batch, job)}
    group = MemoryGroup.create(job.id.replace(":", "_") + f"_{len(job.attempts)}", job.spec.memory_mib)
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder.name,
            env=environment,
            start_new_session=True,
            preexec_fn=group.enter if group else None,
        )
    except (OSError, IndexError) as error:
        folder.cleanup()
        if group:
            group.remove()
        raise CannotStart(f"CannotStartContainerError: {error}", 127) from error
    return Process(process, folder, group)


def entrypoint(batch: Batch, image: str) -> list[str]:
    for glob, argv in batch.settings.entrypoints:
        if fnmatchcase(image, glob):
            return list(argv)
    return []


@dataclass
class Process:
    process: subprocess.Popen
    folder: tempfile.TemporaryDirectory
    group: MemoryGroup | None

    def has_started(self) -> bool:
        return True

    def signal(self, name: str) -> None:
        if self.process.poll() is None:
            self.process.send_signal(getattr(signal, f"SIG{name}"))

    def outcome(self, exit_code: int) -> Outcome:
        code = 128 - exit_code if exit_code < 0 else exit_code
        if code == 137 and self.group and self.group.ran_out():
            return Outcome(code, reason="OutOfMemoryError: Container killed due to memory usage")
        return Outcome(code)

    def clean(self) -> None:
        """As when a container ends: whatever it left behind ends too."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.stdout.close()
        self.folder.cleanup()
        if self.group:
            self.group.remove()
