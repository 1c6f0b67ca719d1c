"""Folding names so that one way of writing finds the other (domain.md §4)."""

import unicodedata

_SAME = str.maketrans("髙﨑邊邉齋齊斎澤", "高崎辺辺斉斉斉沢")
_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


def folded(text: str) -> str:
    """Return text without the differences of width, case, kana and spaces."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(plain.translate(_SAME).translate(_HIRAGANA).split())
