"""From a total down to the registers: every step tells what it is made of."""

from dataclasses import replace

from shared.billing.explanation import explain
from shared.energy.boundaries import How
from shared.energy.periods import DayFacts, Register, finished_days
from tests.unit.bills import BLANK, TERMS, a_bill, a_channel, day
from tests.unit.homes import at

SWAP = at("2024-01-17 10:00")


CHARGED = {
    "what": "use charge",
    "use_yen": 492,
    "formula": "half-up(sum of covered use x price), not below 0",
    "unrounded_yen": "492.30",  # 12 kWh x 27.00 + 6 kWh x 28.05
    "parts": [
        {
            "what": "use by terms", "from": "2024-01-16", "until": "2024-01-19", "days": 2,
            "price": "27.00", "use_wh": 12_000,
        },
        {
            "what": "use by terms", "from": "2024-01-19", "until": "2024-01-20", "days": 1,
            "price": "28.05", "use_wh": 6_000,
        },
        {
            "what": "use",
            "use_wh": 24_000,
            "formula": "generation - export",
            "parts": [
                {
                    "what": "pv",
                    "pv_wh": 40_000,
                    "formula": "closing - opening, each taken down to 10 Wh",
                    "parts": [
                        {
                            "what": "register", "serial": "A1", "energy_wh": 14_000,
                            "opening": {
                                "wh": 1_000_000, "read_at": at("2024-01-15 23:30"),
                                "how": "night",
                            },
                            "closing": {"wh": 1_014_000, "read_at": SWAP, "how": "exact"},
                        },
                        {
                            "what": "register", "serial": "B2", "energy_wh": 26_000,
                            "opening": {"wh": 200, "read_at": SWAP, "how": "exact"},
                            "closing": {
                                "wh": 26_200, "read_at": at("2024-01-20 00:00"), "how": "exact",
                            },
                        },
                    ],
                },
                {
                    "what": "export",
                    "export_wh": 16_000,
                    "formula": "sum of finished days",
                    "parts": [
                        {
                            "what": "register", "serial": "", "energy_wh": 16_000,
                            "opening": None, "closing": None,
                        }
                    ],
                },
            ],
        },
    ],
}  # fmt: skip
TOLD = {
    "what": "export amount",
    "export_yen": 226,
    "formula": "half-up(sum of export x price), shown and never netted",
    "unrounded_yen": "226.00",  # 12 kWh x 16.00 + 4 kWh x 8.50
    "parts": [
        {
            "what": "export by terms", "from": "2024-01-16", "until": "2024-01-19", "days": 3,
            "price": "16.00", "export_wh": 12_000,
        },
        {
            "what": "export by terms", "from": "2024-01-19", "until": "2024-01-20", "days": 1,
            "price": "8.50", "export_wh": 4_000,
        },
    ],
}  # fmt: skip


def test_a_bill_is_explained_from_its_total_down_to_each_meters_registers() -> None:
    """Two meters, a contract that begins on the second day, a new price on the fourth."""
    old = Register(
        "A1", None, 0, 1_000_000, at("2024-01-15 23:30"), How.NIGHT, 1_014_000, SWAP, How.EXACT,
        14_000,
    )  # fmt: skip
    new = Register(
        "B2", None, SWAP, 200, SWAP, How.EXACT, 26_200, at("2024-01-20 00:00"), How.EXACT, 26_000
    )
    pv = replace(a_channel(10_000, 10_000, 10_000, 10_000), registers=(old, new))
    export = finished_days(pv.span, DayFacts({day(n): 4_000 for n in range(4)}))
    held = replace(TERMS, start=day(1))
    made = a_bill(pv, export, held, (3, replace(held, use_sen=2805, export_sen=850)))
    assert explain(made) == {
        "what": "total",
        "total_yen": 980 + 492,
        "formula": "base + use",
        "parts": [{"what": "base", "base_yen": 980}, CHARGED],
        "aside": [TOLD],
    }


def test_what_is_not_known_is_left_blank_in_an_explanation() -> None:
    terms = replace(TERMS, use_sen=None, export_sen=None)
    row = Register("", None, 0, None, None, None, 7_000, at("2024-01-18 00:00"), None, None)
    pv = replace(a_channel(3_000, None, closing=None), registers=(row,))
    told = explain(a_bill(pv, a_channel(1_000, 1_000), terms))
    assert told["total_yen"] is None
    charge, amount = told["parts"][1], told["aside"][0]  # type: ignore[index]
    assert (charge["use_yen"], charge["unrounded_yen"]) == (None, None)
    assert (charge["parts"][0]["price"], charge["parts"][0]["use_wh"]) == (None, None)
    assert (amount["export_yen"], amount["unrounded_yen"]) == (None, None)
    assert (amount["parts"][0]["price"], amount["parts"][0]["export_wh"]) == (None, 2_000)
    (register,) = charge["parts"][1]["parts"][0]["parts"]
    assert register["opening"] is None
    assert register["closing"] == {"wh": 7_000, "read_at": at("2024-01-18 00:00"), "how": None}


def test_a_blank_contract_explains_a_charge_of_nothing() -> None:
    charge = explain(a_bill(a_channel(3_000), a_channel(1_000), BLANK))["parts"][1]  # type: ignore[index]
    assert (charge["use_yen"], charge["unrounded_yen"]) == (0, "0.00")
    assert (charge["parts"][0]["days"], charge["parts"][0]["use_wh"]) == (0, 0)


def test_each_stretch_of_terms_ends_where_the_next_one_begins() -> None:
    prices = [(n, replace(TERMS, use_sen=2700 + n, export_sen=1600 + n)) for n in range(3)]
    told = explain(a_bill(a_channel(*[10] * 4), a_channel(*[10] * 4), *prices))
    for stretches in (told["parts"][1]["parts"][:3], told["aside"][0]["parts"]):  # type: ignore[index]
        days = [(part["from"], part["until"], part["days"]) for part in stretches]
        assert days == [
            ("2024-01-16", "2024-01-17", 1),
            ("2024-01-17", "2024-01-18", 1),
            ("2024-01-18", "2024-01-20", 2),
        ]
