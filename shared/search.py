"""Text as it is searched: what people write in different ways becomes one (domain.md §4)."""

import unicodedata
from typing import Final

_SMALL: Final = dict(zip("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ", strict=True))
_HIRAGANA: Final = {
    chr(code): chr(code + 0x60) for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)
}
_VARIANTS: Final = dict(zip("髙﨑邊邉齋齊斎澤", "高崎辺辺斉斉斉沢", strict=True))
_FOLDED: Final = str.maketrans(
    {"ー": ""}
    | _SMALL
    | {kana: _SMALL.get(katakana, katakana) for kana, katakana in _HIRAGANA.items()}
    | _VARIANTS
)


def folded(text: str) -> str:
    """Return text as it is compared in searches: of fields and of what is searched for alike."""
    plain = unicodedata.normalize("NFKC", text).lower().translate(_FOLDED)
    return "".join(plain.split())


def search_text(customer_no: str, name: str, kana: str, email: str) -> str:
    """Return what a search looks through; the breaks keep a match inside one field."""
    return "\n".join(map(folded, (customer_no, name, kana, email)))
