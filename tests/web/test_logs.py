"""No log ever holds the token of a mailed link."""

import io
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

import portal.links
from shared.web.logs import RedactingLogger, redacted
from tests.web.conftest import Site

TOKEN = "kT3_" + "x" * 39


@pytest.mark.parametrize(
    "line",
    [f"GET /b/{TOKEN} HTTP/1.1", f'"https://ppa.example.jp/b/{TOKEN}?lang=en"', f"[/b/{TOKEN}]"],
)
def test_a_token_is_taken_out_of_a_line(line: str) -> None:
    assert TOKEN not in redacted(line)
    assert "/b/…" in redacted(line)


def test_other_paths_stay() -> None:
    assert redacted("GET /bills/24011120220110.csv") == "GET /bills/24011120220110.csv"


def test_gunicorns_logs_hold_no_token(tmp_path: Path) -> None:
    config = Config()
    config.set("accesslog", f"{tmp_path}/access.log")
    config.set("errorlog", f"{tmp_path}/error.log")
    log = RedactingLogger(config)
    log.error("Error handling request %s", f"/b/{TOKEN}")
    path = f"/b/{TOKEN}"
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": path, "SERVER_PROTOCOL": "HTTP/1.1",
               "PATH_INFO": path, "HTTP_REFERER": f"http://127.0.0.1{path}"}  # fmt: skip
    answer = SimpleNamespace(status="200 OK", sent=1, headers=[])
    took = SimpleNamespace(seconds=0, microseconds=0)
    log.access(answer, SimpleNamespace(headers=[]), environ, took)
    for handler in [*log.access_log.handlers, *log.error_log.handlers]:
        handler.close()
    for name in ("access", "error"):
        text = (tmp_path / f"{name}.log").read_text(encoding="utf-8")
        assert "/b/…" in text
        assert TOKEN not in text


def test_a_fault_in_a_page_is_logged_without_the_token(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(portal.links, "find_link", fails)
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    logging.getLogger("ppa.portal").addHandler(handler)
    try:
        answer = site.browser().client.get(f"/b/{TOKEN}")
    finally:
        logging.getLogger("ppa.portal").removeHandler(handler)
    assert answer.status_code == 500
    assert "/b/…" in lines.getvalue()
    assert TOKEN not in lines.getvalue()
