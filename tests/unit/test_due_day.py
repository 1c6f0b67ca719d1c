"""By which day a bill is to be paid."""

from datetime import date

import pytest

from shared.months import MONTH_END, due_on


@pytest.mark.parametrize(
    ("issued_on", "due_day", "day"),
    [
        (date(2024, 2, 20), 27, date(2024, 3, 27)),
        (date(2024, 2, 28), 27, date(2024, 3, 27)),
        (date(2024, 12, 31), 1, date(2025, 1, 1)),
        (date(2024, 1, 31), MONTH_END, date(2024, 2, 29)),
        (date(2023, 1, 20), MONTH_END, date(2023, 2, 28)),
    ],
)
def test_a_bill_is_due_on_the_due_day_of_the_month_after_its_issue(
    issued_on: date, due_day: int, day: date
) -> None:
    assert due_on(issued_on, due_day) == day
