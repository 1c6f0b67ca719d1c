"""The vendored fonts, and which signs they can show."""

import struct
from functools import cache
from pathlib import Path
from typing import Final

FONTS: Final = Path(__file__).parent / "fonts"
REGULAR: Final = "NotoSansJP_400Regular.ttf"
GETA: Final = "〓"
"""What stands for a sign that the font does not have, as in print since lead."""

_SEGMENTED: Final = 12
_SELECTORS: Final = frozenset((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))


def showable(text: str) -> str:
    """Return a text as the documents' font can show it; what it lacks is 〓, never a gap."""
    known = _covered()
    return "".join(sign if sign == "\n" or ord(sign) in known else GETA for sign in text)


@cache
def _covered() -> frozenset[int]:
    """Return the code points of the regular font; the bold one has the same (a test looks)."""
    return covered((FONTS / REGULAR).read_bytes()) | _SELECTORS


def covered(font: bytes) -> frozenset[int]:
    """Return the code points that a TrueType font's character map leads to a glyph.

    It reads the one map of format 12 (OpenType, `cmap`); raises ValueError where there is none.
    """
    count = struct.unpack_from(">H", font, 4)[0]
    for place in range(12, 12 + 16 * count, 16):
        tag, _, at, _ = struct.unpack_from(">4sIII", font, place)
        if tag == b"cmap":
            return _code_points(font, at)
    raise ValueError("the font has no character map")


def _code_points(font: bytes, cmap: int) -> frozenset[int]:
    for number in range(struct.unpack_from(">H", font, cmap + 2)[0]):
        table = cmap + struct.unpack_from(">I", font, cmap + 8 + 8 * number)[0]
        if struct.unpack_from(">H", font, table)[0] == _SEGMENTED:
            groups = struct.unpack_from(">I", font, table + 12)[0]
            spans = struct.iter_unpack(">III", font[table + 16 : table + 16 + 12 * groups])
            return frozenset(point for first, last, _ in spans for point in range(first, last + 1))
    raise ValueError("the font's character map has no format 12")
