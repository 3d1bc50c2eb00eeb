"""The topic ledger: areas, events, people's decisions, and what a night goes on from."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "topic_area",
        sa.Column("id", ID, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("centroid", sa.LargeBinary(), nullable=False),
        sa.Column("born_at", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_area")),
        sqlite_autoincrement=True,
    )
    _topics()
    _posts()
    _decisions()


def _topics() -> None:
    for column in (
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("phrases", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("mass", sa.Double(), server_default="0", nullable=False),
        sa.Column("anchor", sa.LargeBinary(), nullable=True),
        sa.Column("pinned_at", TIME, nullable=True),
        sa.Column("hidden_at", TIME, nullable=True),
    ):
        op.add_column("topic", column)
    _refer("topic", "area_id", "topic_area")
    _refer("topic", "parent_id", "topic")
    _refer("topic", "merged_into_id", "topic")
    _refer("post_topic", "via_id", "topic")
    op.execute("UPDATE topic SET anchor = centroid")
    op.execute(
        "UPDATE topic SET mass = (SELECT count(*) FROM post_topic WHERE topic_id = topic.id) "
        "WHERE retired_at IS NULL"
    )


def _refer(table: str, column: str, to: str) -> None:
    # Alembic adds no column with a foreign key on SQLite, which itself does.
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {number} "
        f"CONSTRAINT fk_{table}_{column}_{to} REFERENCES {to} (id)"
    )


def _posts() -> None:
    op.create_table(
        "topic_row",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_topic_row_post_id_post")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_topic_row")),
    )
    op.create_index(op.f("ix_topic_row_at"), "topic_row", ["at"])
    op.create_table(
        "topic_move",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("topic_id", ID, nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_topic_move_post_id_post")),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topic.id"], name=op.f("fk_topic_move_topic_id_topic")
        ),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_topic_move")),
    )


def _decisions() -> None:
    op.create_table(
        "topic_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("topic_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("fit_id", ID, nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("undoes_id", ID, nullable=True),
        sa.Column("undone_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topic.id"], name=op.f("fk_topic_event_topic_id_topic")
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["topic.id"], name=op.f("fk_topic_event_other_id_topic")
        ),
        sa.ForeignKeyConstraint(
            ["fit_id"], ["topic_fit.id"], name=op.f("fk_topic_event_fit_id_topic_fit")
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["topic_event.id"], name=op.f("fk_topic_event_undoes_id_topic_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_topic_event_topic_id"), "topic_event", ["topic_id"])
    there = sa.text("other_id IS NOT NULL")
    op.create_index(
        "ix_topic_event_other_id",
        "topic_event",
        ["other_id"],
        sqlite_where=there,
        postgresql_where=there,
    )
    op.create_table(
        "topic_naming",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_topic_naming")),
    )
