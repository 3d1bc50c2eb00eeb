"""Alerts, and the budget that ticks spend on them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "alert_tick",
        sa.Column("id", ID, nullable=False),
        sa.Column("span", sa.String(length=10), nullable=False),
        sa.Column("tick", TIME, nullable=False),
        sa.Column("tested", sa.Integer(), nullable=False),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("spent", sa.Double(), nullable=False),
        sa.Column("wealth", sa.Double(), nullable=False),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("decided_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_tick")),
        sa.UniqueConstraint("span", "tick", name=op.f("uq_alert_tick_span_tick")),
    )
    op.create_table(
        "alert",
        sa.Column("id", ID, nullable=False),
        sa.Column("topic_id", ID, nullable=False),
        sa.Column("span", sa.String(length=10), nullable=False),
        sa.Column("tick", TIME, nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("observed", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("p", sa.Double(), nullable=False),
        sa.Column("q", sa.Double(), nullable=False),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("quiet", sa.Integer(), nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("receipt", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_alert_topic_id_topic")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("topic_id", "span", "tick", name=op.f("uq_alert_topic_id_span_tick")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_alert_tick_id"), "alert", ["tick", "id"])
    still = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_alert_ended_at", "alert", ["span"], sqlite_where=still, postgresql_where=still
    )
