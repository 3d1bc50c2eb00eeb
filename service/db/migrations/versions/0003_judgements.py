"""What each post says between the lines: models, their scores, and people's corrections."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "score_model",
        sa.Column("id", ID, nullable=False),
        sa.Column("task", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("prior", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_model")),
        sa.UniqueConstraint(
            "task", "name", "version", name=op.f("uq_score_model_task_name_version")
        ),
    )
    op.create_table(
        "score",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("task", sa.String(length=20), nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("label", sa.String(length=40), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("probabilities", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["score_model.id"], name=op.f("fk_score_model_id_score_model")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_score_post_id_post")),
        sa.PrimaryKeyConstraint("post_id", "task", name=op.f("pk_score")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_score_task_label_model_id", "score", ["task", "label", "model_id"])
    op.create_table(
        "correction",
        sa.Column("id", ID, nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("task", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.Column("model_id", ID, nullable=True),
        sa.Column("model_label", sa.String(length=40), nullable=True),
        sa.Column("model_confidence", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["score_model.id"], name=op.f("fk_correction_model_id_score_model")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_correction_post_id_post")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_correction_post_id"), "correction", ["post_id"])
