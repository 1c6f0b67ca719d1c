"""What we hold ourselves to, over the whole tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("app.py", "portal", "backoffice", "ingest", "shared")
SURFACES = ("portal", "backoffice")
EXACT = ("shared/units.py", "shared/energy", "shared/billing")
CLOCK = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
         ("time", "time"), ("time", "time_ns")}  # fmt: skip
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_README = 400, 60, 150


def sources(*names: str) -> Iterator[Path]:
    """Yield the Python files of folders and files of the tree."""
    for name in names:
        place = ROOT / name
        yield from [place] if place.is_file() else sorted(place.rglob("*.py"))


def nodes(path: Path) -> Iterator[ast.AST]:
    """Yield everything a file is made of."""
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def where(path: Path, node: ast.AST | None = None) -> str:
    """Return file and line, as an editor opens them."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def test_no_module_is_too_long() -> None:
    long = [
        where(path)
        for path in sources(*PRODUCT, "tests")
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE
    ]
    assert long == []


def test_no_function_is_too_long() -> None:
    long = [
        where(path, node)
        for path in sources(*PRODUCT, "tests")
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_no_package_in_the_tests_shadows_the_product() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_only_the_clock_knows_what_time_it_is() -> None:
    clock = ROOT / "shared/clock.py"
    asked = [
        where(path, node)
        for path in sources(*PRODUCT)
        if path != clock
        for node in nodes(path)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in CLOCK
    ]
    assert asked == []


@pytest.mark.parametrize("place", EXACT)
def test_money_and_energy_are_whole_numbers(place: str) -> None:
    inexact = [
        where(path, node) for path in sources(place) for node in nodes(path) if is_inexact(node)
    ]
    assert inexact == []


def is_inexact(node: ast.AST) -> bool:
    """Say whether a node brings in a fraction: a float, a true division, or round().

    Infinity is none: it only stands for no end.
    """
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        endless = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        return node.func.id == "round" or (node.func.id == "float" and endless != ["inf"])
    return isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)


def test_a_surface_asks_the_data_layer_and_writes_no_queries() -> None:
    queries = [
        where(path, node)
        for path in sources(*SURFACES)
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"select", "insert", "update", "delete", "text"}
    ]
    assert queries == []


def test_a_broad_except_says_what_it_isolates() -> None:
    unsaid = [
        f"{where(path)}: {line.strip()}"
        for path in sources(*PRODUCT)
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("except Exception", "except BaseException", "except:"))
        and " - " not in line
    ]
    assert unsaid == []


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST_README
