"""The migrations and the models tell the same story."""

from datetime import date

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared import schema
from shared.db import make_engine
from shared.errors import Refused
from shared.models import Base
from shared.models.customers import CustomerNote
from tests.data.homes import a_home


def test_the_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrations_go_down_to_nothing_and_up_again(engine: Engine) -> None:
    schema.downgrade(engine, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    schema.upgrade(engine)
    with engine.connect() as connection:
        assert schema.find_revision(connection) == schema.newest_revision()


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    schema.upgrade(engine)
    with engine.connect() as connection:
        schema.require_newest(connection)


def test_a_database_in_use_goes_down_and_up_again_with_what_it_holds(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        home = a_home(session)
        session.add(CustomerNote(customer_id=home, day=date(2024, 1, 1), body="", written_at=0,
                                 written_by="test"))  # fmt: skip
    before = customers_of(engine)
    for revision in range(int(schema.newest_revision()) - 1, 8, -1):
        schema.downgrade(engine, f"{revision:04}")
        schema.upgrade(engine)
        assert customers_of(engine) == before
    with engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(text("DELETE FROM customer"))


def customers_of(engine: Engine) -> list[tuple[str, int]]:
    """Return the customers with the sites that their homes point to."""
    with engine.connect() as connection:
        query = (
            "SELECT customer_no, site_id FROM customer JOIN occupancy ON customer_id = customer.id"
        )
        return [(number, site) for number, site in connection.execute(text(query))]


def test_a_migration_that_would_leave_rows_astray_changes_nothing(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    with Session(engine) as session, session.begin():
        a_home(session)
    schema.downgrade(engine, "0023")
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        with connection.begin():
            connection.execute(text("UPDATE occupancy SET site_id = 99"))
    with pytest.raises(Refused, match="occupancy"):
        schema.upgrade(engine)
    with engine.connect() as connection:
        assert schema.find_revision(connection) == "0023"
    engine.dispose()
