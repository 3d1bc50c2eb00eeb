"""Many sources, one person: what platforms say of handles, raw items, rebuilt threads."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _sources()
    _people()
    _posts()
    _judgements()


def _sources() -> None:
    # A table that others refer to cannot be made anew within a transaction on SQLite.
    op.add_column(
        "source",
        sa.Column("platform", sa.String(length=200), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("source", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("source", sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE source SET platform = name")


def _people() -> None:
    no = sa.false()
    op.add_column(
        "member", sa.Column("is_deleted", sa.Boolean(), server_default=no, nullable=False)
    )
    # Alembic adds no column with a foreign key on SQLite, which itself does.
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE member ADD COLUMN merged_into_id {number} "
        "CONSTRAINT fk_member_merged_into_id_member REFERENCES member (id)"
    )
    there = sa.text("merged_into_id IS NOT NULL")
    op.create_index(
        "ix_member_merged_into_id",
        "member",
        ["merged_into_id"],
        sqlite_where=there,
        postgresql_where=there,
    )
    for column in (
        sa.Column("home_id", ID, nullable=True),
        sa.Column("name", sa.String(length=400), nullable=True),
        sa.Column("email", sa.String(length=400), nullable=True),
        sa.Column("links", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("is_bot", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("is_staff", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("is_deleted", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("identity", column)
    of = "FROM member WHERE member.id = identity.member_id"
    op.execute(
        f"UPDATE identity SET home_id = member_id, name = (SELECT name {of}), "  # noqa: S608
        f"is_bot = (SELECT is_bot {of}), is_staff = (SELECT is_staff {of}), "
        f"created_at = (SELECT created_at {of})"
    )
    op.execute("UPDATE identity SET name = NULL WHERE name = value")
    with op.batch_alter_table("identity") as batch:
        batch.alter_column("home_id", existing_type=ID, nullable=False)
        batch.alter_column("created_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch.create_foreign_key(
            batch.f("fk_identity_home_id_member"), "member", ["home_id"], ["id"]
        )
        batch.create_index(batch.f("ix_identity_home_id"), ["home_id"])
        batch.create_index(batch.f("ix_identity_email"), ["email"])


def _posts() -> None:
    op.add_column("thread", sa.Column("confidence", sa.Double(), nullable=True))
    op.add_column(
        "post", sa.Column("edit_met", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute("UPDATE post SET edit_met = edited_at IS NOT NULL")
    op.add_column(
        "post", sa.Column("flat", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    # Most posts answer none: they need no place in these.
    for name, columns in (
        ("ix_post_source_id_parent_external_id", ["source_id", "parent_external_id"]),
        ("ix_post_reply_to_id", ["reply_to_id"]),
    ):
        there = sa.text(f"{columns[-1]} IS NOT NULL")
        op.drop_index(name, "post")
        op.create_index(name, "post", columns, sqlite_where=there, postgresql_where=there)
    flat = sa.text("flat")
    op.create_index(
        "ix_post_flat",
        "post",
        ["source_id", "created_at"],
        sqlite_where=flat,
        postgresql_where=flat,
    )
    op.create_table(
        "raw_item",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_raw_item_post_id_post")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_raw_item")),
    )


def _judgements() -> None:
    op.create_table(
        "reply_link",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["post.id"], name=op.f("fk_reply_link_parent_id_post")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_reply_link_post_id_post")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_reply_link")),
    )
    op.create_index(op.f("ix_reply_link_parent_id"), "reply_link", ["parent_id"])
    op.create_table(
        "suggestion",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("left_id", ID, nullable=False),
        sa.Column("right_id", ID, nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["left_id"], ["member.id"], name=op.f("fk_suggestion_left_id_member")
        ),
        sa.ForeignKeyConstraint(
            ["right_id"], ["member.id"], name=op.f("fk_suggestion_right_id_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion")),
        sa.UniqueConstraint(
            "kind", "left_id", "right_id", name=op.f("uq_suggestion_kind_left_id_right_id")
        ),
    )
    op.create_index(op.f("ix_suggestion_right_id"), "suggestion", ["right_id"])
    op.create_index("ix_suggestion_status_confidence", "suggestion", ["status", "confidence"])
