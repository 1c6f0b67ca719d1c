"""What became due and what was taken back: the journal of a month, for the books."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.csvfile import Column
from shared.invoices.drafting import ISSUED, VOID
from shared.models import customers, invoices
from shared.months import Month, day_of

COLUMNS = (
    Column("日付"), Column("区分", is_text=True), Column("利用月"), Column("請求番号"),
    Column("顧客番号"), Column("氏名", is_text=True), Column("利用料金合計(円)"),
    Column("うち消費税(円)"), Column("理由", is_text=True), Column("担当", is_text=True),
)  # fmt: skip
WORDS = {"issued": "発行", "revised": "訂正", "void": "取消"}


def journal_rows(session: Session, month: Month) -> Iterator[tuple[str, ...]]:
    """Yield every issue and void of a month's bills in the order in which they happened.

    A void takes its amount back, so that the column of amounts adds up to the live issued bills.
    """
    event, invoice, customer = invoices.InvoiceEvent, invoices.Invoice, customers.Customer
    rows = session.execute(
        select(
            event.kind, event.at, event.actor, invoice.invoice_no, invoice.revision,
            invoice.issued_on, invoice.total_yen, invoice.tax_yen, invoice.name,
            invoice.void_reason, customer.customer_no,
        )
        .join(invoice, invoice.id == event.invoice_id)
        .join(customer, customer.id == invoice.customer_id)
        .where(invoice.month == month.first(), event.kind.in_((ISSUED, VOID)))
        .order_by(event.id)
    )  # fmt: skip
    for row in rows:
        back = row.kind == VOID
        sign = -1 if back else 1
        kind = VOID if back else "revised" if row.revision > 1 else ISSUED
        day = day_of(row.at) if back or row.issued_on is None else row.issued_on
        yield (
            day.strftime("%Y/%m/%d"), WORDS[kind], month.slashed(), row.invoice_no,
            row.customer_no, row.name, str(sign * (row.total_yen or 0)),
            "" if row.tax_yen is None else str(sign * row.tax_yen),
            (row.void_reason or "") if back else "", row.actor,
        )  # fmt: skip
