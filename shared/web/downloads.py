"""CSV files as answers: bytes made on the fly, named by us (security.md T16)."""

from collections.abc import Iterable
from urllib.parse import quote

from flask import Response, request

from shared.web.request import hand_over_database


def asked_encoding() -> str:
    """Return `cp932` where the address asks for it, else UTF-8."""
    return "cp932" if request.args.get("encoding") == "cp932" else "utf-8"


def csv_answer(name: str, chunks: Iterable[bytes]) -> Response:
    """Return a download that is sent while it is made; `name` may be Japanese (RFC 6266)."""
    charset = "Shift_JIS" if asked_encoding() == "cp932" else "utf-8"
    answer = Response(chunks, content_type=f"text/csv; charset={charset}")
    answer.call_on_close(hand_over_database())
    answer.headers["Content-Disposition"] = disposition("attachment", name, "ppa.csv")
    return answer


def disposition(way: str, name: str, plain: str) -> str:
    """Return how a file is to be taken, under a name in Japanese and a plain one (RFC 6266)."""
    return f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
