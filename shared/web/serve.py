"""gunicorn as the server of `ppa web`; a buffering front stands before it in production (R27)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gunicorn.app.base import BaseApplication

from shared.web.logs import RedactingLogger

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

WORKERS = 2
THREADS = 8


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with its options given here and not on a command line of its own."""

    def __init__(self, make: Callable[[], "WSGIApplication"], bind: str) -> None:
        self._make, self._bind = make, bind
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, object] = {
            "bind": self._bind,
            "workers": WORKERS,
            "threads": THREADS,
            "worker_class": "gthread",
            "forwarded_allow_ips": "",  # forwarded headers count by PPA_PROXY_HOPS only
            "secure_scheme_headers": {},
            "limit_request_line": 4094,
            "graceful_timeout": 10,
            "logger_class": RedactingLogger,
        }
        if "control_socket_disable" in self.cfg.settings:  # newer ones write beside the home
            options["control_socket_disable"] = True
        for name, setting in options.items():
            self.cfg.set(name, setting)

    def load(self) -> "WSGIApplication":
        return self._make()


def serve(make: Callable[[], "WSGIApplication"], host: str, port: int) -> None:
    """Serve until told to stop; every worker process makes its own application."""
    bracketed = f"[{host}]" if ":" in host else host
    _Server(make, f"{bracketed}:{port}").run()
