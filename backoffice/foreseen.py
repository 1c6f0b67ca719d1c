"""What a change would do to bills, found by doing it and taking it back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.invoices.chaining import Act
from shared.invoices.live import live_bill
from shared.invoices.rederiving import Effect, foresee
from shared.web.request import database, now, principal


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Bills that come out otherwise, and the month that runs before and after the change."""

    effects: list[Effect]
    live_before: dict[str, Any] | None
    live_after: dict[str, Any] | None

    @property
    def live_differs(self) -> bool:
        """Say whether the month that runs changes, and is not among the stored bills."""
        before, after = self.live_before, self.live_after
        if before is None and after is None:
            return False
        if before is None or after is None:
            return True
        told = {effect.invoice_no for effect in self.effects}
        return before["total_yen"] != after["total_yen"] and after["invoice_no"] not in told

    @property
    def nothing(self) -> bool:
        """Say whether no bill changes."""
        return not self.effects and not self.live_differs


def foresee_change(customer_id: int, since: date, change: Callable[[], object]) -> Foreseen:
    """Return what a change does to a customer's bills from a day on, and leave all as it was."""
    session, running = database(), []
    before = live_bill(session, customer_id, now())

    def change_and_look() -> None:
        change()
        session.flush()
        running.append(live_bill(session, customer_id, now()))

    act = Act(principal().name, now(), now())
    effects = foresee(session, [customer_id], since, act, change_and_look)
    return Foreseen(effects, before, running[0])
