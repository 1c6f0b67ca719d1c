"""What commands give out: a CSV file or stream, and a bar that takes done and total."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from shared.commands.context import Context
from shared.csvfile import Column, CsvWriter
from shared.csvfile.writing import Cell
from shared.errors import InputRefused
from shared.settings import find_settings, lacks_issuer
from shared.telemetry.exporting import time_text

STEPS = 1000


def write_file(
    args: argparse.Namespace,
    context: Context,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
) -> int:
    """Write rows as CSV to `--output`, whole or not at all, or to stdout; return the exit code."""
    writer = CsvWriter(columns, args.encoding)
    if args.output is None:
        context.out.flush()
        for chunk in writer.chunks(rows):
            context.out.buffer.write(chunk)
        context.out.flush()
    else:
        _replace(Path(args.output), writer.chunks(rows))
    if writer.replaced:
        context.say(f"{writer.replaced} cells hold a character that CP932 has not: written 〓")
    return 0


def write_bytes(output: str | None, context: Context, content: bytes) -> None:
    """Write a file's bytes to `output`, whole or not at all, or to stdout."""
    if output is None:
        context.out.flush()
        context.out.buffer.write(content)
        context.out.flush()
    else:
        _replace(Path(output), [content])


def with_times(told: object, key: str = "") -> object:
    """Return a document with each instant in it (`at`, `…_at`) as an ISO time with its offset."""
    if isinstance(told, Mapping):
        return {name: with_times(value, name) for name, value in told.items()}
    if isinstance(told, list):
        return [with_times(one) for one in told]
    if isinstance(told, int) and (key == "at" or key.endswith("_at")):
        return time_text(told)
    return told


def warn_of_issuer(context: Context) -> None:
    """Say that documents tell a registration number and nobody's name, where that is so."""
    with context.session(reads_only=True) as session:
        if lacks_issuer(find_settings(session)):
            context.say(
                "operator_name: not set, so the documents name their issuer by t_number alone; "
                "`ppa settings set operator_name NAME`"
            )


def _replace(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file beside its place and move it there; what is no file is written into."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        _write_into(path, chunks)
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(chunks)
        part.replace(path)
    except OSError as error:
        raise InputRefused(f"--output: {path}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def _write_into(path: Path, chunks: Iterable[bytes]) -> None:
    try:
        with path.open("wb") as sink:
            sink.writelines(chunks)
    except OSError as error:
        raise InputRefused(f"--output: {path}: {error.strerror}") from None


@contextmanager
def share_bar(context: Context, label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar and give the function that moves it to `done` of `total`."""
    shown = 0
    with context.progress(label, STEPS) as advance:

        def tell(done: int, total: int) -> None:
            nonlocal shown
            reached = STEPS * done // max(total, 1)
            advance(reached - shown)
            shown = reached

        yield tell
