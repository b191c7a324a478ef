"""What AWS Batch can do and this stack cannot: refused by name, so that nothing is ignored silently."""

from __future__ import annotations

from .errors import ClientException

REQUEST = (
    "nodeOverrides",
    "eksPropertiesOverride",
    "ecsPropertiesOverride",
    "consumableResourcePropertiesOverride",
    "shareIdentifier",
    "schedulingPriorityOverride",
)
CONTAINER = ("secrets", "instanceType", "repositoryCredentials", "networkConfiguration", "ephemeralStorage")
LINUX_PARAMETERS = {"initProcessEnabled", "sharedMemorySize", "tmpfs"}


def refuse_unsupported(request: dict, overrides: dict, definition) -> None:
    container = definition.container_properties
    if definition.type != "container" or container is None:
        refuse(f"job definitions of type {definition.type} without containerProperties")
    given = [name for name in REQUEST if request.get(name)]
    given += [name for name in CONTAINER if container.get(name)]
    linux = set(container.get("linuxParameters") or {}) - LINUX_PARAMETERS
    given += [f"linuxParameters.{name}" for name in sorted(linux)]
    given += [f"volume {v['name']} that is no host volume" for v in container.get("volumes", ()) if "host" not in v]
    types = {r["type"] for source in (container, overrides) for r in source.get("resourceRequirements", ())}
    given += sorted(types - {"VCPU", "MEMORY"})
    driver = (container.get("logConfiguration") or {}).get("logDriver", "awslogs")
    given += [] if driver == "awslogs" else [f"log driver {driver}"]
    if given:
        refuse(", ".join(given))


def refuse(what: str) -> None:
    raise ClientException(f"The test stack does not support {what}")
