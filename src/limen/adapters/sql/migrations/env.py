"""What Alembic runs before each migration: it works on the connection that the runner gives."""

from alembic import context

from limen.adapters.sql.tables import VERSION_TABLE, metadata


def run() -> None:
    """Run the steps that the command asked for, in the transaction that is already open."""
    given = context.config.attributes
    context.configure(
        connection=given["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        on_version_apply=given.get("on_step"),
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


# The name under which Alembic loads this file; imported by anybody else it does nothing.
if __name__ == "env_py":
    run()
