"""Run the migrations on the connection that `shared.schema` opened."""

from alembic import context
from sqlalchemy import text

from shared.models import Base
from shared.schema import LOCK_KEY

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # One migration at a time; then fail soon rather than queue behind, and block, live work.
    connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_KEY})"))
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    connection.execute(text("SET LOCAL statement_timeout = '10min'"))

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
