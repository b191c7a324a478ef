"""python -m batch_stack --host 127.0.0.1 --port 5556; the rest is in the environment, see settings.py."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from . import moto_fixes
from .cloudformation import resources, stacks
from .calls import Calls
from .control import Control
from .faults import Faults
from .front import Front
from .outcomes import Outcomes
from .region import Regions
from .settings import from_environment


class QuietHandler(MotoRequestHandler):
    """Every call is counted anyway; a line for each would hide the errors."""

    def log_request(self, *_args) -> None:
        pass

    def log_error(self, text: str, *args) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().log_error(text, *args)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 for any; printed at start")
    arguments = parser.parse_args()
    settings, outcomes, calls, faults = from_environment(), Outcomes(), Calls(), Faults()
    regions = Regions(settings, outcomes)
    moto_fixes.apply(regions)
    stacks.apply(calls.count)
    control = Control(regions, settings, calls, faults, outcomes)
    front = Front(regions, DomainDispatcherApplication(create_backend_app), calls, faults, control)
    server = make_server(arguments.host, arguments.port, front, threaded=True, request_handler=QuietHandler)
    os.environ[resources.URL] = f"http://{arguments.host}:{server.server_port}"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"listening on {server.host}:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    finally:
        for region in regions.all():
            region.scheduler.close()


if __name__ == "__main__":
    main()
