"""What is wrong with a customers' file, row by row, in the reader's words."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from shared.csvfile.opening import Fault

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Told:
    """One fault as the page shows it; line 0 is the whole file."""

    line: int
    column: str
    cell: str
    text: str


def tell_fault(fault: Fault, fields: Mapping[str, tuple[str, str]]) -> Told:
    """Return a fault in words; `fields` has each field's name and rule."""
    if fault.kind in fields:
        text = fields[fault.kind][1]
    elif fault.kind == "twice":
        text = _("この顧客番号は %(n)s 行目にもあります。", n=fault.cell)
    else:
        text = fault_words().get(fault.kind, _("この値は使えません。"))
    cell = "" if fault.kind == "twice" else fault.cell[:SHOWN]
    return Told(fault.line, fault.column, cell, text)


def fault_words() -> dict[str, str]:
    """Return the sentence for each kind of fault that is no field's."""
    return {
        "cell_long": _("セルの文字が多すぎます。"),
        "cells": _('セルの数が見出しと合いません。「,」や「"」を確かめてください。'),
        "column_missing": _("この列がありません。"),
        "column_twice": _("同じ列が2つあります。"),
        "control": _("使えない制御文字があります。"),
        "empty": _("ファイルが空です。"),
        "encoding": _("文字コードが UTF-8 でも CP932 でもありません。"),
        "gzip": _("圧縮されたファイルがこわれています。"),
        "many_rows": _("行が多すぎます。ファイルを分けてください。"),
        "quotes": _('「"」の閉じ方が合いません。'),
        "row_long": _("1行が長すぎます。"),
        "too_large": _("ファイルが大きすぎます。"),
        "too_many": _("直すところが多すぎるので、ここで読むのをやめました。"),
        "unknown_column": _("知らない列です。"),
        "unreadable": _("ファイルを読めません。"),
        "utf16": _("文字コードが UTF-16 です。UTF-8 で保存し直してください。"),
    }
