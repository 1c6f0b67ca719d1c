"""The end of a stay, the hand-over of a house, and deleting, in both databases."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from shared.billing.terms import TermKind, terms_on
from shared.customers.deleting import DeletionRefused, delete_customer
from shared.customers.entries import parse_entry
from shared.customers.leaving import (
    Leaving,
    LeavingRefused,
    earliest_last_day,
    end_stay,
    hand_over,
    resume_stay,
)
from shared.customers.registering import Registrar
from shared.customers.stored import find_stored, get_stored
from shared.customers.terms import TermText, record_terms
from shared.db import make_engine
from shared.doors.renewing import disable_customer, restore_customer
from shared.doors.sessions import may_read
from shared.invoices.loading import find_customer_ids, find_homes
from shared.models.customers import Customer, Occupancy, Site, Term
from shared.models.operations import Audit
from shared.models.telemetry import Channel
from shared.months import Month, instant
from tests.data.customer_files import NO, a_row
from tests.data.test_customers import KEY, NOW, an_issued_bill, bring

LAST = date(2024, 3, 15)
NEW = "1120240001"
PRICE = {TermKind.USE_PRICE: TermText(2800)}


def ended(session: Session, last_day: date = LAST, reason: str = "cancelled") -> Customer:
    end_stay(session, NO, Leaving(last_day, reason), NOW, "test")
    session.commit()
    return session.scalars(select(Customer).where(Customer.customer_no == NO)).one()


def handed_over(session: Session, **cells: str) -> None:
    entry = parse_entry({"customer_no": NEW, "name": "顧客0201"} | cells, "11")
    registrar = Registrar(lambda: KEY, NOW, "test")
    hand_over(session, NO, Leaving(LAST, "moved"), entry, registrar)
    session.commit()


def test_an_end_ends_the_contract_the_stay_and_is_audited(session: Session) -> None:
    bring(session, a_row())
    customer = ended(session)
    assert (customer.left_on, customer.archived_at, customer.version) == (LAST, None, 2)
    assert session.scalars(select(Occupancy.to_day)).all() == [LAST]
    terms = terms_on(get_stored(session, NO).terms, LAST)
    assert (terms.start, terms.end) == (date(2023, 12, 16), LAST)
    newest = session.scalars(select(Audit).order_by(Audit.id.desc())).first()
    assert newest is not None
    assert (newest.action, newest.subject) == ("customer_left", NO)


def test_who_left_is_billed_for_the_last_month_and_no_later_one(session: Session) -> None:
    bring(session, a_row())
    customer = ended(session)
    february, march = Month(2024, 2).period(15), Month(2024, 3).period(15)
    assert [found for found, _ in find_customer_ids(session, february)] == [customer.id]
    assert find_customer_ids(session, march) == []


def test_who_left_reads_for_twelve_months_and_who_is_shut_out_not_at_all(session: Session) -> None:
    bring(session, a_row())
    customer = ended(session)
    over = instant(LAST + timedelta(days=1)) + 365 * 86_400
    assert may_read(customer, over - 1)
    assert not may_read(customer, over)
    disable_customer(session, NO, NOW, "test")
    assert not may_read(customer, NOW)
    restore_customer(session, NO, NOW, "test")
    assert may_read(customer, NOW)


def test_nobody_leaves_before_the_end_of_an_issued_bill(session: Session) -> None:
    bring(session, a_row())
    an_issued_bill(session, date(2024, 3, 16))
    assert earliest_last_day(session, get_stored(session, NO)) == date(2024, 3, 15)
    with pytest.raises(LeavingRefused) as refused:
        ended(session, date(2024, 3, 14))
    assert (refused.value.kind, refused.value.day) == ("too_early", date(2024, 3, 15))
    session.rollback()
    ended(session, date(2024, 3, 15))


def test_nobody_leaves_twice(session: Session) -> None:
    bring(session, a_row())
    ended(session)
    with pytest.raises(LeavingRefused) as refused:
        ended(session, date(2024, 4, 15))
    assert refused.value.kind == "left"


def test_an_end_can_be_taken_back(session: Session) -> None:
    bring(session, a_row())
    ended(session)
    resume_stay(session, NO, NOW + 60, "test")
    session.commit()
    terms = terms_on(get_stored(session, NO).terms, LAST)
    assert terms.end == date(2037, 12, 15)
    assert session.scalars(select(Occupancy.to_day)).all() == [None]
    assert session.scalars(select(Customer.left_on)).all() == [None]


def test_a_house_that_is_handed_over_keeps_its_site_and_each_their_days(session: Session) -> None:
    bring(session, a_row())
    handed_over(session, contract_from="2024-03-16", contract_to="2034-03-15")
    old, new = get_stored(session, NO), get_stored(session, NEW)
    assert new.site_id == old.site_id
    assert session.scalar(select(func.count(Site.id))) == 1
    stays = session.execute(
        select(Occupancy.from_day, Occupancy.to_day).order_by(Occupancy.id)
    ).all()
    assert [tuple(stay) for stay in stays] == [(None, LAST), (date(2024, 3, 16), None)]
    terms = terms_on(new.terms, date(2024, 3, 16))
    assert (terms.start, terms.end) == (date(2024, 3, 16), date(2034, 3, 15))
    assert (terms.base_yen, terms.use_sen, terms.export_sen) == (0, 2700, 1600)
    assert new.contact["serial"] == old.contact["serial"]
    codes = session.scalars(select(Customer.code_index)).all()
    assert len(set(codes)) == 2


def test_both_are_billed_in_the_month_of_a_hand_over_each_for_their_days(session: Session) -> None:
    bring(session, a_row())
    handed_over(session)
    march = Month(2024, 3).period(10)
    ids = [found for found, _ in find_customer_ids(session, march)]
    homes = find_homes(session, ids, march)
    assert [(one.customer_no, one.first_day, one.last_day) for one in homes] == [
        (NO, None, LAST),
        (NEW, date(2024, 3, 16), None),
    ]


def test_a_house_is_not_handed_over_to_a_number_that_is_taken(session: Session) -> None:
    bring(session, a_row())
    with pytest.raises(LeavingRefused) as refused:
        handed_over(session, customer_no=NO)
    assert refused.value.kind == "number_taken"


def test_the_end_of_a_house_that_is_taken_is_not_taken_back(session: Session) -> None:
    bring(session, a_row())
    handed_over(session)
    with pytest.raises(LeavingRefused) as refused:
        resume_stay(session, NO, NOW, "test")
    assert refused.value.kind == "house_taken"


def test_a_customer_of_whom_nothing_is_known_is_deleted_for_good(session: Session) -> None:
    bring(session, a_row())
    delete_customer(session, NO, NOW, "test")
    session.commit()
    for model in (Customer, Site, Occupancy, Term):
        assert session.scalar(select(func.count()).select_from(model)) == 0
    newest = session.scalars(select(Audit).order_by(Audit.id.desc())).first()
    assert newest is not None
    assert (newest.action, newest.subject) == ("customer_deleted", NO)


def test_what_was_measured_or_billed_keeps_a_customer(session: Session) -> None:
    bring(session, a_row())
    site_id = get_stored(session, NO).site_id
    session.add(Channel(site_id=site_id, quantity="pv", kind="register"))
    an_issued_bill(session, date(2024, 2, 16))
    with pytest.raises(DeletionRefused) as refused:
        delete_customer(session, NO, NOW, "test")
    assert refused.value.hindrances == ["billed", "measured"]


def test_a_run_never_waits_for_somebody_who_changes_a_customer(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url)
    refer = text("SELECT id FROM customer FOR KEY SHARE NOWAIT")  # as a new row of a bill does
    changes: list[Callable[[Session], object]] = [
        lambda session: find_stored(session, [NO], lock=True),
        lambda session: end_stay(session, NO, Leaving(LAST, "cancelled"), NOW, "test"),
        lambda session: record_terms(session, 1, PRICE, now=NOW, actor="test"),
    ]
    with Session(engine) as session:
        bring(session, a_row())
    for change in changes:
        with Session(engine) as session, Session(engine) as other:
            change(session)
            assert other.scalars(refer).all() == [1]
    engine.dispose()
