"""Marks that a view carries for the guard; a view without a mark is private."""

from collections.abc import Callable
from typing import TypeVar

from flask import current_app

View = TypeVar("View", bound=Callable[..., object])

PUBLIC = "is_public"
UPLOAD = "takes_upload"
DERIVES = "derives_rows"


def public(view: View) -> View:
    """Let everybody open a view."""
    setattr(view, PUBLIC, True)
    return view


def takes_upload(view: View) -> View:
    """Let a view receive a file of up to 4 MB; all others stop at 1 MB (security.md T17)."""
    setattr(view, UPLOAD, True)
    return view


def derives_rows(view: View) -> View:
    """Let a page that only shows also bring derived rows up to date while it is asked for."""
    setattr(view, DERIVES, True)
    return view


def is_marked(endpoint: str | None, mark: str) -> bool:
    """Say whether the view of an endpoint carries a mark."""
    view = current_app.view_functions.get(endpoint or "")
    return bool(getattr(view, mark, False))
