"""What is installed and shipped."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUR_NAMES = ("app", "portal", "backoffice", "ingest", "shared")
LOCKS = tuple(f"requirements{kind}.lock" for kind in ("", "-build", "-dev", "-foreign"))
NOT_OURS = {"node_modules", "var", "dist", "vendor"}
# Written in pieces, so that this file does not hold what it looks for.
MACHINES = re.compile("|".join(["/" + "work/", "/" + "root/", "/" + "tmp/", "/" + "home/[a-z]"]))
HOSTS = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "npmjs" + r"\."]))


def shipped() -> Iterator[tuple[Path, str]]:
    """Yield every text file of the tree with what stands in it."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") for part in parts) and parts[0] not in {
            ".ci",
            ".env.example",
        }
        if path.is_file() and not hidden and not NOT_OURS & set(parts) and path.suffix != ".pyc":
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_no_other_distribution_provides_our_plain_names() -> None:
    installed = packages_distributions()
    others = {name: set(installed.get(name, [])) - {"ppa-portal"} for name in OUR_NAMES}
    assert not any(others.values()), others


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_and_names_no_host(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    assert "--hash=sha256:" in lock
    assert "://" not in lock
    assert set(re.findall(r"--[a-z-]+", lock)) == {"--hash"}


def test_what_the_locks_install_lacks_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_names_a_machine_or_a_registry() -> None:
    naming = [
        str(path.relative_to(ROOT))
        for path, text in shipped()
        if MACHINES.search(text) or HOSTS.search(text)
    ]
    assert naming == []
