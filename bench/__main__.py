"""What the product costs, as ratios to floors of the same run (docs/performance.md)."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import billing, exporting, ingesting, paging, papering, phone, polling
from bench.databases import PostgresqlServer, SqliteFiles, find_postgresql, sessions
from bench.fleet import bill_patterns, make_patterns
from bench.measuring import Row, table


def main() -> int:
    """Print the table; always 0, since a benchmark is no test."""
    args = _parser().parse_args()
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="ppa-bench-") as folder, find_postgresql() as server:
        for row in _rows(args, SqliteFiles(Path(folder)), server):
            print(f"{row.id} {row.work}", file=sys.stderr)
            found.append(row)
    print(table(found))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--readings", type=int, default=20_000, metavar="N", help="P1, P2: a batch")
    parser.add_argument("--homes", type=int, default=1000, metavar="N", help="P3: homes billed")
    parser.add_argument("--bills", type=int, default=20_000, metavar="N", help="P5: bills listed")
    parser.add_argument("--gateways", type=int, default=2000, metavar="N", help="P7: polled")
    parser.add_argument("--documents", type=int, default=1000, metavar="N", help="P8: PDFs set")
    parser.add_argument(
        "--lines", type=int, default=20_000, metavar="N", help="P6: bills in a file"
    )
    parser.add_argument(
        "--verified", type=int, default=200, metavar="N", help="P10: homes verified"
    )
    return parser


def _rows(
    args: argparse.Namespace, files: SqliteFiles, server: PostgresqlServer | None
) -> Iterator[Row]:
    if server:
        yield from ingesting.rows(server, args.readings, args.rounds)
    else:
        yield Row("P1", "ingest PostgreSQL: no PostgreSQL here")
    yield from ingesting.rows(files, args.readings, args.rounds)
    patterns = files.new()
    homes = make_patterns(patterns)
    for databases in (files, server):
        if databases:
            yield from billing.run_rows(patterns, databases, args.homes, args.rounds)
    bill_patterns(sessions(patterns), homes)
    yield from paging.homeowner_rows(patterns, args.rounds)
    yield from phone.rows(patterns)
    yield from paging.operator_rows(patterns, files, args.bills, args.rounds)
    yield from polling.rows(args.gateways, args.rounds)
    yield from papering.rows(patterns, args.documents)
    for databases in (files, server):
        if databases:
            yield from exporting.rows(patterns, databases, args.lines, args.rounds)
    yield from billing.verify_rows(patterns, min(args.rounds, 3))
    yield from billing.midnight_rows(files, args.verified, min(args.rounds, 3))


if __name__ == "__main__":
    sys.exit(main())
