"""A memory limit for a process and its children, where this host's control groups can be written."""

from __future__ import annotations

import os
import time

ROOT = "/sys/fs/cgroup/memory"


class MemoryGroup:
    """A cgroup v1 memory group. Its counter of kills outlives the processes, unlike a container's."""

    def __init__(self, path: str):
        self.path = path

    @classmethod
    def create(cls, name: str, mebibytes: int) -> MemoryGroup | None:
        """None where there is no cgroup v1 or no permission: then there is no limit."""
        if not os.access(ROOT, os.W_OK):
            return None
        group = cls(os.path.join(ROOT, "batch-stack", f"{os.getpid()}_{name}"))
        try:
            os.makedirs(group.path, exist_ok=True)
            group._write("memory.limit_in_bytes", str(mebibytes << 20))
        except OSError:
            return None
        return group

    def enter(self) -> None:
        """In the child, before it becomes the program."""
        self._write("cgroup.procs", str(os.getpid()))

    def ran_out(self) -> bool:
        with open(os.path.join(self.path, "memory.oom_control"), encoding="utf8") as file:
            facts = dict(line.split() for line in file)
        return int(facts.get("oom_kill", "0")) > 0

    def remove(self) -> None:
        for _ in range(50):
            try:
                os.rmdir(self.path)
                return
            except FileNotFoundError:
                return
            except OSError:  # a killed process is not reaped yet
                time.sleep(0.02)

    def _write(self, name: str, text: str) -> None:
        with open(os.path.join(self.path, name), "w", encoding="utf8") as file:
            file.write(text)
