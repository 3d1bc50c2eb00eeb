"""Heat of threads, flags, and what people did with them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
UNRESOLVED = sa.text("status IN ('open', 'claimed', 'escalated', 'snoozed')")


def upgrade() -> None:
    _heat()
    _flags()
    _reviews()


def _heat() -> None:
    op.create_table(
        "thread_heat",
        sa.Column("thread_id", ID, nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("heat", sa.Double(), nullable=False),
        sa.Column("peak", sa.Double(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("newest_post_id", ID, nullable=False),
        sa.Column("turning_post_id", ID, nullable=True),
        sa.Column("curve", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["thread.id"],
            name=op.f("fk_thread_heat_thread_id_thread"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("thread_id", "version", name=op.f("pk_thread_heat")),
    )


def _flags() -> None:
    op.create_table(
        "flag",
        sa.Column("id", ID, nullable=False),
        sa.Column("thread_id", ID, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("heat", sa.Double(), nullable=False),
        sa.Column("peak", sa.Double(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("hostile", sa.Integer(), server_default="0", nullable=False),
        sa.Column("newcomer", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("newest_at", TIME, nullable=False),
        sa.Column("rank", ID, nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("turning_post_id", ID, nullable=True),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("claimed_by", sa.String(length=120), nullable=True),
        sa.Column("snoozed_until", TIME, nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_flag_thread_id",
        "flag",
        ["thread_id"],
        unique=True,
        sqlite_where=UNRESOLVED,
        postgresql_where=UNRESOLVED,
    )
    op.create_index("ix_flag_thread_id_id", "flag", ["thread_id", "id"])
    op.create_index("ix_flag_status_rank_id", "flag", ["status", "rank", "id"])
    op.create_index("ix_flag_raised_at", "flag", ["raised_at"])


def _reviews() -> None:
    op.create_table(
        "flag_review",
        sa.Column("id", ID, nullable=False),
        sa.Column("flag_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("post_id", ID, nullable=True),
        sa.Column("undoes_id", ID, nullable=True),
        sa.Column("undone_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["flag_id"], ["flag.id"], name=op.f("fk_flag_review_flag_id_flag")),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["flag_review.id"], name=op.f("fk_flag_review_undoes_id_flag_review")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag_review")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_flag_review_flag_id"), "flag_review", ["flag_id"])
