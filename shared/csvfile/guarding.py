"""The `'` before text that a spreadsheet would take for a formula (domain.md D22, CWE-1236)."""

from typing import Final

TRIGGERS: Final = frozenset("=+-@\t\r\n\0＝＋－＠−")
"""First letters of a formula; U+2212 is among them because CP932 turns it into `－`."""
GUARD: Final = "'"


def guarded(text: str) -> str:
    """Return text with a `'` in front where it begins with a trigger, or with `'` and a trigger.

    The second case keeps `unguarded` exact for text that had a `'` of its own.
    """
    return GUARD + text if _triggers(text) else text


def unguarded(cell: str) -> str:
    """Return a cell without the one `'` that `guarded` put there (decision 38)."""
    return cell[1:] if cell[:1] == GUARD and _triggers(cell) else cell


def _triggers(text: str) -> bool:
    if text[:1] in TRIGGERS:
        return True
    return text[:1] == GUARD and text.lstrip(GUARD)[:1] in TRIGGERS
