"""What a command says of the bills that follow from what it was given."""

from collections.abc import Callable, Sequence

from shared.commands.context import Context
from shared.db import in_chunks
from shared.invoices.chaining import Act
from shared.invoices.rederiving import Effect, find_late, look_again
from shared.invoices.running import CHUNK


def propose_for_late(context: Context) -> None:
    """Look at issued bills that late readings or meters reach into, and say what is proposed.

    A home that cannot be computed is named, and stops neither the others nor what was given.
    """
    now = context.clock()
    with context.session(reads_only=True) as session:
        late = find_late(session)
    for ids in in_chunks(list(late), CHUNK):
        since = min(late[one] for one in ids)
        act = Act(context.actor, now, now)
        with context.session() as session:
            say_effects(context, look_again(session, ids, since, act, _sayer(context)))


def _sayer(context: Context) -> Callable[[str, Exception], None]:
    def say(customer_no: str, error: Exception) -> None:
        context.say(f"{customer_no} failed: {type(error).__name__}: {error}")

    return say


def say_effects(context: Context, effects: Sequence[Effect]) -> None:
    """Name each bill that comes out otherwise, as it was and as it is."""
    for effect in effects:
        before, after = effect.before, effect.after
        context.say(
            f"{effect.invoice_no}: {before.state} {_yen(before.total_yen)} -> "
            f"{after.state} {_yen(after.total_yen)}"
        )


def _yen(total: int | None) -> str:
    return "without an amount" if total is None else f"{total} yen"
