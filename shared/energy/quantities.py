"""What is measured, and where a reading came from."""

from enum import IntEnum, StrEnum


class Quantity(StrEnum):
    """A quantity that a site can measure, one channel each."""

    PV = "pv"
    EXPORT = "export"
    IMPORT = "import"
    BATTERY_CHARGE = "battery_charge"
    BATTERY_DISCHARGE = "battery_discharge"


class Source(IntEnum):
    """How a register reached us; stored as the number, printed by its name in lower case."""

    IMPORT = 1
    POLL = 2
    BACKFILL = 3
    PUSH = 4
    MANUAL = 5
    METER = 6
    """Removal and installation registers of a meter event."""


class Battery(StrEnum):
    """What a battery at the site may do (decision 7)."""

    NONE = "none"
    NO_EXPORT = "no_export"
    MAY_EXPORT = "may_export"
