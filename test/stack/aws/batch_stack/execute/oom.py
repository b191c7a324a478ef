"""Was it the memory limit? Exit code 137 alone does not tell."""

from __future__ import annotations

import subprocess


def kernel_killed(container_id: str) -> bool:
    """True if the kernel's log says that this container's memory group ran out, or if that log cannot be read."""
    found = subprocess.run(["dmesg", "--notime"], capture_output=True, check=False, text=True, errors="replace")
    if found.returncode != 0:
        return True
    return any("oom_memcg=" in line and container_id in line for line in found.stdout.splitlines())
