"""The base of all tables: integer keys, UTC seconds, ISO days, Wh, sen and yen as integers."""

from datetime import date

from sqlalchemy import BigInteger, Date, Integer, MetaData, Text
from sqlalchemy.orm import DeclarativeBase

Key = BigInteger().with_variant(Integer, "sqlite")
"""A surrogate key that SQLite numbers by itself (decision 39)."""


class Base(DeclarativeBase):
    """One row of a table; instants are whole UTC seconds (decision 39)."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {int: BigInteger(), date: Date(), str: Text()}
