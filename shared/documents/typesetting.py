"""Facts to PDF by Typst: the same facts give the same bytes, on every machine."""

import io
import json
from collections.abc import Mapping
from functools import cache
from tempfile import TemporaryFile
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from shared.documents.fonts import FONTS, showable
from shared.paths import TEMPLATES

if TYPE_CHECKING:
    from typst import Compiler

STANDARDS: Final = ("a-2a", "ua-1")
"""To be kept for decades, and to be read aloud: PDF/A-2a and PDF/UA-1."""

_one_at_a_time = Lock()


def typeset(template: str, facts: Mapping[str, Any], at: int) -> bytes:
    """Return the PDF that a template of `templates/documents` makes of facts, dated a UTC second.

    Signs that the font lacks become 〓. One document is set at a time: the compiler is kept, with
    its fonts, because loading them costs more than a document.
    """
    told = json.dumps(_showable(facts), ensure_ascii=False)
    with _one_at_a_time:
        made = _compiler().compile(
            input=str(TEMPLATES / "documents" / template),
            format="pdf",
            sys_inputs={"facts": told},
            pdf_standards=list(STANDARDS),
            timestamp=at,
        )
    if not isinstance(made, bytes):
        raise TypeError(f"{template} is not one PDF")
    return packed(made)


@cache
def _compiler() -> "Compiler":
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )
    return typst.Compiler(root=str(TEMPLATES / "documents"), font_paths=fonts)


def _showable(fact: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(fact, str):
        return showable(fact)
    if isinstance(fact, Mapping):
        return {name: _showable(part) for name, part in fact.items()}
    return [_showable(part) for part in fact] if isinstance(fact, list | tuple) else fact


def packed(pdf: bytes) -> bytes:
    """Return a PDF whose small objects lie together, compressed: half its size, the same paper.

    It is read from a mapped file: read from a Python stream, each object costs calls of Python.
    """
    import pikepdf

    with TemporaryFile() as made:
        made.write(pdf)
        made.flush()
        with pikepdf.open(made, access_mode=pikepdf.AccessMode.mmap) as document:
            kept = io.BytesIO()
            document.save(
                kept,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
                recompress_flate=False,
                fix_metadata_version=False,
                deterministic_id=True,
            )
    return kept.getvalue()
