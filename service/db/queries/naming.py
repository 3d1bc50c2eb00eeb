"""Reads for the naming of topics by a language model, and the names that it gave."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db.models import Post, Thread, Topic, TopicNaming
from service.db.queries.posts import visible


def nameable(session: Session) -> list[Topic]:
    """Return the topics that are listed and that no person has named, by id."""
    query = select(Topic).where(
        Topic.retired_at.is_(None), Topic.hidden_at.is_(None), Topic.name.is_(None)
    )
    return list(session.scalars(query.order_by(Topic.id)))


def public_texts(session: Session, post_ids: Collection[int]) -> dict[int, str]:
    """Return the texts of those of these posts that anyone may read, by id."""
    query = (
        select(Post.id, Post.plain)
        .join(Thread, Thread.id == Post.thread_id)
        .where(Post.id.in_(sorted(post_ids)), *visible())
    )
    return {post: text or "" for post, text in session.execute(query)}


def kept(session: Session, keys: Collection[str]) -> dict[str, str]:
    """Return the names that are kept by these keys; "" is an answer that was no name."""
    query = select(TopicNaming.key, TopicNaming.name).where(TopicNaming.key.in_(sorted(keys)))
    return {row.key: row.name for row in session.execute(query)}


def names_by(session: Session, model: str) -> set[str]:
    """Return every name that a model gave."""
    query = select(TopicNaming.name).where(TopicNaming.model == model, TopicNaming.name != "")
    return set(session.scalars(query))
