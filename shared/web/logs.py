"""What may stand in a log: never the token of a mailed link (interfaces.md, Link)."""

import logging
import re
from typing import Any, Final

from gunicorn.glogging import Logger

_TOKEN: Final = re.compile(r"(/b/)[^\s\"'?#\]]+")


def redacted(text: str) -> str:
    """Return a text without the tokens of links."""
    return _TOKEN.sub(r"\1…", text)


class Redaction(logging.Filter):
    """Takes the tokens out of every line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a line; all of them pass."""
        record.msg, record.args = redacted(record.getMessage()), ()
        return True


class RedactingLogger(Logger):  # type: ignore[misc]
    """gunicorn's logs, whatever format and level they are asked for."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 - gunicorn's own settings
        """Put the redaction before both logs."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.addFilter(Redaction())
