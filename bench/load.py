"""Fill a database with many customers and the bills of years, to look at pages of that size.

`python -m bench.load sqlite:///many.sqlite3 --customers 20000 --bills 1000000`
"""

import argparse
import sys
import tempfile
from datetime import date
from pathlib import Path

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from bench.databases import SqliteFiles, sessions
from bench.fleet import BILLED, NOW, bill_patterns, make_patterns, multiply
from shared import schema
from shared.db import make_engine
from shared.doors.operators import add_operator
from shared.models.invoices import Invoice

SHIFTED = ("month", "period_start", "period_end", "issued_on")
NEW = ("id", "hash", "successor_id")


def main() -> int:
    """Make the patterns, age them, and multiply them into an empty database."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("url", help="an empty database")
    parser.add_argument("--customers", type=int, default=20_000, metavar="N")
    parser.add_argument("--bills", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--password", default="a bench of twenty thousand", help="of every role")
    args = parser.parse_args()
    engine = make_engine(args.url)
    schema.upgrade(engine)
    with tempfile.TemporaryDirectory(prefix="ppa-load-") as folder:
        patterns = SqliteFiles(Path(folder)).new()
        homes = make_patterns(patterns)
        bill_patterns(sessions(patterns), homes)
        with Session(patterns) as session, session.begin():
            age(session, -(-args.bills // args.customers) * len(homes))
        multiply(patterns, engine, BILLED, -(-args.customers // len(homes)))
        patterns.dispose()
    with sessions(engine)() as session:
        for role in ("viewer", "billing", "admin"):
            add_operator(session, f"{role}@example.jp", role, args.password, NOW)
        total = session.scalar(select(func.count(Invoice.id)))
    print(f"{total:,} bills; sign in as billing@example.jp", file=sys.stderr)
    return 0


def age(session: Session, wanted: int) -> None:
    """Copy the issued bills of a year into the years before, until there are as many as wanted."""
    issued = session.scalars(select(Invoice).where(Invoice.state == "issued")).all()
    names = [column.key for column in inspect(Invoice).columns if column.key not in NEW]
    have = session.scalar(select(func.count(Invoice.id))) or 0
    for n in range(wanted - have):
        row, years = issued[n % len(issued)], n // len(issued) + 1
        cells = {name: getattr(row, name) for name in names}
        cells |= {name: _years_before(cells[name], years) for name in SHIFTED}
        cells["invoice_no"] = f"aged {n}"
        session.add(Invoice(**cells))


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=min(day.day, 28))


if __name__ == "__main__":
    sys.exit(main())
