"""Where the shipped files lie: beside the packages in a checkout, inside them when installed."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ASSETS = _PACKAGE / "_assets"
_ROOT = _ASSETS if _ASSETS.is_dir() else _PACKAGE.parent

MIGRATIONS = _ROOT / "migrations"
TEMPLATES = _ROOT / "templates"
STATIC = _ROOT / "static"
