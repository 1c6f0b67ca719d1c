"""The homes of the original system's invoices, with registers that give their energy."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from shared.energy.quantities import Quantity
from tests.data.homes import a_home, registers

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text("utf-8"))
JANUARY: list[dict[str, Any]] = [
    row for row in GOLDEN["invoices_seed"] if row["month"] == "2024/01"
]
BLANK = {"1120230057", "1120230039", "1120220106"}
"""The customers whose contract dates are blank."""


def the_seeds_homes(engine: Engine) -> None:
    """Store the 22 homes of January 2024 and their registers."""
    with Session(engine) as session, session.begin():
        for row in JANUARY:
            blank = row["customer_no"] in BLANK
            contract = (None, None) if blank else (date(2023, 12, 16), date(2037, 12, 15))
            customer = a_home(
                session, row["customer_no"], contract=contract, base_fee=row["base_yen"]
            )
            registers(
                session,
                customer,
                {
                    Quantity.PV: [("2024-01-16 00:00", "0"), ("2024-02-16 00:00", row["gen_kwh"])],
                    Quantity.EXPORT: [
                        ("2024-01-16 00:00", "5000"),
                        ("2024-02-16 00:00", f"{5000 + float(row['sell_kwh']):.2f}"),
                    ],
                },
            )
