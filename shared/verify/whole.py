"""All checks over the whole database: in one session, or shared out among processes."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Final

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from shared.db import in_chunks, make_engine, reader
from shared.models import customers
from shared.verify.bills import check_history
from shared.verify.chain import check_chain
from shared.verify.findings import Finding, Progress
from shared.verify.histories import find_bills, find_parts
from shared.verify.missing import Applied, check_missing, find_applied
from shared.verify.roofs import check_roofs
from shared.verify.trail import check_months, check_papers, check_people, check_sums, check_trail

CUSTOMERS: Final = 100
SITES: Final = 50
FEW: Final = 300
"""Up to so many customers one process is quicker than starting others."""


def _untold(_done: int, _total: int) -> None:
    """Tell nobody."""


def verify(session: Session, progress: Progress = _untold) -> list[Finding]:
    """Return every invariant that is broken, none where all is well."""
    findings = list(_whole(session))
    applied = find_applied(session)
    parts = _parts(session)
    for done, part in enumerate(parts, 1):
        findings += _check(session, part, applied)
        progress(done, len(parts))
    return findings


def verify_by_processes(engine: Engine, progress: Progress = _untold) -> list[Finding]:
    """Do the same with a process for each processor, each reading one state of the database.

    What one part tells comes from one moment; bills that are written meanwhile are in the parts
    read later.
    """
    with Session(reader(engine)) as session:
        _steady(session)
        parts = _parts(session)
        processes = len(os.sched_getaffinity(0))
        if processes == 1 or len(parts) * CUSTOMERS <= FEW:
            return verify(session, progress)
        url = engine.url.render_as_string(hide_password=False)
        with ProcessPoolExecutor(
            processes, get_context("spawn"), initializer=_begin, initargs=(url,)
        ) as pool:
            waiting = [pool.submit(_check_apart, part) for part in parts]
            findings = list(_whole(session))
            for done, result in enumerate(as_completed(waiting), 1):
                findings += result.result()
                progress(done, len(parts))
    return sorted(findings, key=lambda f: (f.invariant, f.subject, f.detail))


Part = tuple[str, Sequence[int]]
"""`customers` or `sites`, and the ids of some."""


def _parts(session: Session) -> list[Part]:
    customer_ids = session.scalars(select(customers.Customer.id).order_by(customers.Customer.id))
    site_ids = session.scalars(select(customers.Site.id).order_by(customers.Site.id))
    return [
        *(("customers", chunk) for chunk in in_chunks(customer_ids.all(), CUSTOMERS)),
        *(("sites", chunk) for chunk in in_chunks(site_ids.all(), SITES)),
    ]


def _whole(session: Session) -> Iterator[Finding]:
    """Yield what is wrong beyond any one customer or site."""
    for check in (check_months, check_sums, check_people, check_papers, check_trail, check_chain):
        yield from check(session)


def _check(session: Session, part: Part, applied: Sequence[Applied]) -> list[Finding]:
    kind, ids = part
    if kind == "sites":
        return list(check_roofs(session, ids))
    histories = find_bills(session, ids)
    parts = find_parts(session, [bill.id for _, bills in histories.values() for bill in bills])
    findings = [
        finding
        for number, bills in histories.values()
        for finding in check_history(number, bills, parts)
    ]
    return [*findings, *check_missing(session, histories, applied)]


_engines: list[Engine] = []
"""A process's own engine; a connection must not be shared with the process that started it."""


def _begin(url: str) -> None:
    _engines.append(reader(make_engine(url)))


def _check_apart(part: Part) -> list[Finding]:
    with Session(_engines[0]) as session:
        _steady(session)
        return _check(session, part, find_applied(session))


def _steady(session: Session) -> None:
    """Have all of a session's queries see one state of the database, as they do on SQLite."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
