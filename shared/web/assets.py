"""Addresses of stylesheets and scripts that change with their content."""

import hashlib
import json
from functools import cache

from shared.paths import STATIC


@cache
def asset(name: str) -> str:
    """Return the address of a file under static/, so that browsers may keep it for a year."""
    content = (STATIC / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:10]}"


@cache
def vendored(name: str) -> dict[str, str]:
    """Return what the manifest says of a vendored file: version, licence, integrity."""
    manifest = json.loads((STATIC / "vendor" / "manifest.json").read_text("utf-8"))
    entry: dict[str, str] = manifest[name]
    return entry
