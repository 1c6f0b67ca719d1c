"""`ppa customers terms` and `ppa customers tariff`: terms from a day on, for one or for all."""

import argparse
from collections.abc import Iterable, Sequence
from datetime import date

from shared.billing.terms import TermKind, terms_on
from shared.commands.arguments import read_day
from shared.commands.context import Context
from shared.commands.following import say_effects
from shared.customers.stored import Stored, get_stored
from shared.customers.tariff import Step, later_terms, plan_step, take_step
from shared.customers.terms import TermText, TermTexts, contract, record_terms
from shared.db import in_chunks
from shared.errors import InputRefused, ValueRefused
from shared.invoices.chaining import Act
from shared.invoices.rederiving import Effect, foresee, rederive
from shared.units import parse_price, parse_yen

NONE = "none"
CHUNK = 500
"""Homes whose bills are computed anew in one transaction."""
_OPTIONS = (
    (TermKind.BASE_FEE, "base", parse_yen),
    (TermKind.USE_PRICE, "use", parse_price),
    (TermKind.EXPORT_PRICE, "sell", parse_price),
)


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `terms` and `tariff` to `ppa customers`."""
    terms = verbs.add_parser("terms", help="record terms that hold from a day on")
    terms.add_argument("customer_no", metavar="CUSTOMER_NO")
    _add_figures(terms)
    terms.add_argument("--start", metavar="DATE|none", help="first day of the contract")
    terms.add_argument("--end", metavar="DATE|none", help="last day of the contract")
    terms.set_defaults(run=set_terms)
    step = verbs.add_parser("tariff", help="the same terms for all customers from a day on")
    _add_figures(step)
    step.add_argument(
        "--having-use", metavar="PRICE", help="only customers who pay this price on that day"
    )
    step.add_argument("--apply", action="store_true", help="write; without it a dry run")
    step.add_argument("--json", action="store_true")
    step.set_defaults(run=step_tariff)


def _add_figures(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="since", metavar="DATE", required=True)
    parser.add_argument("--base", metavar="YEN", help="base fee in whole yen")
    parser.add_argument("--use", metavar="PRICE", help="yen per kWh used")
    parser.add_argument("--sell", metavar="PRICE", help="yen per kWh sold")


def set_terms(args: argparse.Namespace, context: Context) -> int:
    """Record the terms that were given, print what they change, and which bills follow."""
    since, now = read_day(args.since, "--from"), context.clock()
    with context.session() as session:
        stored = get_stored(session, args.customer_no)
        changes = _figures(args) | _contract(args, stored, since)
        if not changes:
            raise InputRefused("nothing to record: give --start, --end, --base, --use or --sell")
        told = record_terms(
            session, stored.customer_id, changes, valid_from=since, now=now, actor=context.actor
        )
        act = Act(context.actor, now, now)
        effects = rederive(session, [stored.customer_id], since, act) if told else []
    for kind, (before, after) in told.items():
        line = f"{args.customer_no}: {kind} {before or NONE} -> {after or NONE} from {since}"
        print(line, file=context.out)
    if not told:
        context.say(f"{args.customer_no}: these terms hold on {since} already")
    _say_later(context, args.customer_no, later_terms(stored, told, since))
    say_effects(context, effects)
    return 0


def step_tariff(args: argparse.Namespace, context: Context) -> int:
    """Show whom a tariff step changes and which bills follow; with `--apply` take it.

    The terms of all customers are recorded in one transaction; their bills follow in chunks, and
    the next run finishes what a stopped one leaves.
    """
    since, now = read_day(args.since, "--from"), context.clock()
    texts = _figures(args)
    if not texts:
        raise InputRefused("nothing to record: give --base, --use or --sell")
    having = _price(args.having_use, "--having-use", TermKind.USE_PRICE)
    with context.session(reads_only=not args.apply) as session:
        steps = plan_step(session, texts, since, having)
        if args.apply:
            take_step(session, steps, since, now, context.actor)
    effects = _follow(context, steps, since, now, apply=args.apply)
    if args.json:
        context.print_json(_document(steps, effects, since, applied=args.apply))
    else:
        _print_steps(context, steps, since)
        say_effects(context, effects)
    if not args.apply:
        context.say("dry run: nothing was saved; add --apply to take the step")
    return 0


def _follow(
    context: Context, steps: Sequence[Step], since: date, now: int, *, apply: bool
) -> list[Effect]:
    """Compute the bills anew, or only look what would become of them."""
    effects: list[Effect] = []
    act = Act(context.actor, now, now)
    with context.progress("bills", len(steps)) as advance:
        for chunk in in_chunks(steps, CHUNK):
            ids = [step.stored.customer_id for step in chunk]
            with context.session() as session:
                if apply:
                    effects += rederive(session, ids, since, act)
                else:
                    effects += foresee(
                        session, ids, since, act,
                        lambda: take_step(session, chunk, since, now, context.actor),  # noqa: B023 - called at once
                    )  # fmt: skip
            advance(len(chunk))
    return effects


def _document(
    steps: Sequence[Step], effects: Sequence[Effect], since: date, *, applied: bool
) -> dict[str, object]:
    return {
        "applied": applied,
        "from": since.isoformat(),
        "customers": [
            {
                "customer_no": step.stored.customer_no,
                "terms": {kind: list(pair) for kind, pair in step.told().items()},
                "until": [{"from": day.isoformat(), "kind": kind} for day, kind in step.later],
            }
            for step in steps
        ],
        "bills": [effect.document() for effect in effects],
    }


def _print_steps(context: Context, steps: Sequence[Step], since: date) -> None:
    for step in steps:
        for kind, (before, after) in step.told().items():
            line = f"{step.stored.customer_no}: {kind} {before or NONE} -> {after} from {since}"
            print(line, file=context.out)
        _say_later(context, step.stored.customer_no, step.later)
    if not steps:
        context.say(f"these terms hold for everybody on {since} already")


def _figures(args: argparse.Namespace) -> dict[TermKind, TermText]:
    figures = {}
    for kind, option, parse in _OPTIONS:
        text = getattr(args, option)
        if text is not None:
            try:
                figures[kind] = TermText(figure=parse(text))
            except ValueRefused as error:
                raise InputRefused(f"--{option}: {error}") from error
    return figures


def _price(text: str | None, option: str, kind: TermKind) -> TermTexts:
    if text is None:
        return {}
    try:
        return {kind: TermText(figure=parse_price(text))}
    except ValueRefused as error:
        raise InputRefused(f"{option}: {error}") from error


def _contract(args: argparse.Namespace, stored: Stored, since: date) -> dict[TermKind, TermText]:
    """Return the contract with the days given; a day not given stays as it is on that day."""
    if args.start is None and args.end is None:
        return {}
    held = terms_on(stored.terms, since)
    start = held.start if args.start is None else _day_or_none(args.start, "--start")
    end = held.end if args.end is None else _day_or_none(args.end, "--end")
    try:
        return {TermKind.CONTRACT: contract(start, end)}
    except ValueRefused as error:
        raise InputRefused(f"--start, --end: {error}") from error


def _day_or_none(text: str, option: str) -> date | None:
    return None if text == NONE else read_day(text, option)


def _say_later(context: Context, number: str, later: Iterable[tuple[date, TermKind]]) -> None:
    """Say where terms dated later take over, so that nobody thinks theirs hold for good."""
    for day, kind in later:
        context.say(f"{number}: another {kind} holds from {day} on")
