"""The list of customers: narrowed, sorted, ticked, and sent as a file."""

from datetime import date

import pytest
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from shared.billing.terms import TermKind
from shared.customers.sheet import HEADERS
from shared.customers.stored import get_stored
from shared.customers.terms import TermText, record_terms
from shared.models.customers import Customer
from tests.backoffice.conftest import HOME, Office
from tests.people import NOW

OTHER = "1120220111"
LIST = "/office/customers"


def changed(office: Office, number: str, **columns: object) -> None:
    with Session(office.engine) as session, session.begin():
        session.execute(update(Customer).where(Customer.customer_no == number).values(**columns))


def termed(office: Office, number: str, **kinds: TermText) -> None:
    """Record terms of a customer from a day on."""
    with Session(office.engine) as session, session.begin():
        record_terms(
            session,
            get_stored(session, number).customer_id,
            {TermKind(kind): text for kind, text in kinds.items()},
            valid_from=date(2024, 2, 16),
            now=NOW,
            actor="test",
        )


def shown(office: Office, query: str = "") -> list[str]:
    """Return the numbers that the list shows, in order."""
    page = office.as_("viewer").get(LIST + query)
    return [one.get("value", "") for one in page.all("input", name="picked")]


def test_the_newest_number_comes_first_and_a_heading_sorts(office: Office) -> None:
    assert shown(office) == [OTHER, HOME]
    assert shown(office, "?sort=customer_no") == [HOME, OTHER]
    for key in ("name", "base_fee", "export_price", "use_price", "contract_to", "email"):
        assert set(shown(office, f"?sort={key}")) == {HOME, OTHER}


def test_a_price_sorts_by_what_holds_today_and_blanks_come_last(office: Office) -> None:
    termed(office, HOME, use_price=TermText(9900), base_fee=TermText())
    assert shown(office, "?sort=-use_price") == [HOME, OTHER]
    assert shown(office, "?sort=base_fee") == [OTHER, HOME]
    assert shown(office, "?sort=-base_fee") == [OTHER, HOME]


@pytest.mark.parametrize(
    ("only", "columns"),
    [
        ("no_email", {"email": ""}),
        ("left", {"left_on": date(2024, 2, 15)}),
        ("archived", {"archived_at": 1}),
    ],
)
def test_a_chip_narrows_the_list_and_says_how_many(
    office: Office, only: str, columns: dict[str, object]
) -> None:
    changed(office, HOME, **columns)
    assert shown(office, f"?only={only}") == [HOME]
    (chip,) = [
        one
        for one in office.as_("viewer").get(LIST).all("a")
        if one.get("href") == f"{LIST}?only={only}"
    ]
    assert "".join(chip.itertext()).split()[-1] == "1"


def test_contracts_that_are_missing_or_end_soon_are_found(office: Office) -> None:
    termed(office, HOME, contract=TermText())
    ends = TermText(start_day=date(2022, 1, 16), end_day=date(2024, 8, 15))
    termed(office, OTHER, contract=ends)
    assert shown(office, "?only=contract_missing") == [HOME]
    assert shown(office, "?only=ending") == [OTHER]


def test_the_archived_leave_the_list_and_its_file(office: Office) -> None:
    changed(office, HOME, archived_at=1)
    assert shown(office) == [OTHER]
    assert numbers_in(office, "") == [OTHER]
    assert numbers_in(office, "?only=archived") == [HOME]


def numbers_in(office: Office, query: str) -> list[str]:
    """Return the numbers that the file of a filter holds."""
    text = office.as_("viewer").get(f"{LIST}.csv{query}").answer.data.decode("utf-8-sig")
    head, *rows = text.splitlines()
    assert head == ",".join(HEADERS)
    return [row.split(",")[0] for row in rows]


def test_the_file_holds_the_ticked_or_all_that_match(office: Office) -> None:
    assert numbers_in(office, f"?picked={HOME}") == [HOME]
    assert numbers_in(office, f"?picked={HOME}&all=1&q=0111") == [OTHER]


def test_the_page_before_a_cp932_file_says_how_many_cells_do_not_fit(office: Office) -> None:
    changed(office, HOME, name="𠮷野", note="é")
    page = office.as_("viewer").get("/office/customers/csv")
    assert "CP932 で表せない文字が 2 のセルにあります" in page.text
    answer = office.as_("viewer").get(f"{LIST}.csv?encoding=cp932").answer
    assert "〓野" in answer.data.decode("cp932")


def test_many_are_archived_after_a_page_that_says_what_it_means(office: Office) -> None:
    browser = office.as_("admin")
    page = browser.get(f"/office/customers/archive?picked={HOME}&picked={OTHER}")
    assert page.heading() == "2 件を保管しますか"
    form = {"picked": HOME, "count": "1"}
    assert browser.post("/office/customers/archive", form).status == 303
    assert "1 件を保管しました。" in browser.get(LIST).text
    assert shown(office) == [OTHER]


def test_a_selection_that_has_changed_meanwhile_archives_nobody(office: Office) -> None:
    browser = office.as_("admin")
    browser.post("/office/customers/archive", {"all": "1", "q": "", "count": "1"})
    assert "何もしませんでした" in browser.get(LIST).text
    assert shown(office) == [OTHER, HOME]


def test_the_list_asks_a_few_questions_however_long_it_is(office: Office) -> None:
    browser = office.as_("viewer")
    asked: list[str] = []
    event.listen(office.engine, "before_cursor_execute", lambda *seen: asked.append(seen[2]))
    browser.get(f"{LIST}?sort=-use_price")
    assert len([one for one in asked if one.startswith("SELECT")]) <= 8
