"""What homeowners are told, on which days, in both databases."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from shared.customers.entries import EntryRefused
from shared.customers.messages import (
    FIELDS,
    find_messages,
    list_messages,
    withdraw_message,
    write_message,
)
from shared.errors import Refused
from shared.models.operations import Message
from tests.data.customer_files import NO, a_row
from tests.data.test_customers import NOW, TODAY, bring

BLANK = dict.fromkeys(FIELDS, "")


def written(session: Session, **texts: str) -> Message:
    typed = BLANK | {"title": "停電", "body": "点検のため", "from_day": TODAY.isoformat()} | texts
    message = write_message(session, typed, NOW, "test")
    session.commit()
    return message


def titles(session: Session, customer_id: int, day: date = TODAY) -> list[str]:
    return [one.title for one in find_messages(session, customer_id, day)]


def test_a_message_is_read_on_its_days_and_no_other(session: Session) -> None:
    written(session, until_day=(TODAY + timedelta(days=2)).isoformat())
    days = [TODAY + timedelta(days=n) for n in (-1, 0, 2, 3)]
    assert [bool(titles(session, 1, day)) for day in days] == [False, True, True, False]


def test_the_newest_comes_first_and_an_open_end_stays(session: Session) -> None:
    written(session, title="前")
    written(session, title="後")
    assert titles(session, 1, date(2030, 1, 1)) == ["後", "前"]


def test_a_message_for_one_home_is_read_by_no_other(session: Session) -> None:
    bring(session, a_row())
    mine = written(session, customer_no=NO).customer_id
    assert mine is not None
    assert titles(session, mine) == ["停電"]
    assert titles(session, mine + 1) == []
    assert [row.customer_no for row in list_messages(session, 20, 0).rows] == [NO]


def test_a_withdrawn_message_is_read_by_nobody_and_stays_in_the_list(session: Session) -> None:
    message = written(session)
    withdraw_message(session, message.id, NOW, "test")
    assert titles(session, 1) == []
    assert list_messages(session, 20, 0).total == 1
    with pytest.raises(Refused):
        withdraw_message(session, message.id, NOW, "test")


def test_english_readers_get_english_where_there_is_some(session: Session) -> None:
    written(session, title_en="Power cut")
    (notice,) = find_messages(session, 1, TODAY)
    assert notice.words("en") == ("Power cut", "点検のため")
    assert notice.words("ja") == ("停電", "点検のため")


@pytest.mark.parametrize(
    ("texts", "at_fault"),
    [
        ({"title": "", "body": " "}, {"title", "body"}),
        ({"title": "x" * 101}, {"title"}),
        ({"title": "二\n行"}, {"title"}),
        ({"from_day": "2024-02-30"}, {"from_day"}),
        ({"until_day": "2024-02-19"}, {"until_day"}),
        ({"body_en": "text"}, {"title_en"}),
        ({"customer_no": "1120229999"}, {"customer_no"}),
    ],
)
def test_what_is_wrong_is_named_by_field(
    session: Session, texts: dict[str, str], at_fault: set[str]
) -> None:
    with pytest.raises(EntryRefused) as refused:
        written(session, **texts)
    assert set(refused.value.problems) == at_fault
