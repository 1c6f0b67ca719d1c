"""Bills of erased persons let go of the name by themselves when their term is over."""

from datetime import date

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from ingest.jobs import Lane, handlers, reconcile
from shared.models.customers import Customer
from shared.models.documents import ERASED
from shared.models.invoices import Invoice
from shared.models.operations import Audit
from shared.months import instant
from shared.queue import InProcess, Task
from tests.data.mailed import issued_bills
from tests.ingest.test_mail_jobs import a_context
from tests.people import Clock


def number_of(engine: Engine, bill: str) -> int:
    """Return the id of a bill's customer."""
    with Session(engine) as session:
        return session.scalars(select(Invoice.customer_id).where(Invoice.invoice_no == bill)).one()


def test_a_tick_takes_the_names_that_are_due_of_who_was_erased(engine: Engine) -> None:
    erased, other = issued_bills(engine, 2)
    with Session(engine) as session, session.begin():
        gone = Customer.customer_no == erased[4:]
        session.execute(
            update(Customer).where(gone).values(email="", erased_at=1, archived_at=1, disabled_at=1)
        )
    last = instant(date(2034, 2, 20))
    for at, name in ((last, f"顧客{erased[4:]}"), (last + 86_400, ERASED)):
        with a_context(engine, Clock(at)) as context:
            reconcile(context, InProcess(handlers(context)), Lane.OFFICE)
            assert handlers(context)[Task.ERASE](number_of(engine, other)) == 0
        with Session(engine) as session:
            names = dict(session.execute(select(Invoice.invoice_no, Invoice.name)).all())
            assert names == {erased: name, other: f"顧客{other[4:]}"}
    with Session(engine) as session:
        row = session.scalars(select(Audit).where(Audit.action == "customer_forgotten")).one()
        assert (row.subject, row.actor) == (erased[4:], "scheduler")
