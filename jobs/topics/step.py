"""Decides whether a run is a night or a refit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from jobs.topics.book import TopicsResult
from jobs.topics.night import night
from jobs.topics.refit import refit as fit_again
from nlp.encoders import Card, Encoder
from nlp.topics import model
from service.db.models import TopicFit
from service.db.queries import embeddings, topic_fit
from service.db.session import Database

# A fit costs in proportion to the archive, so it waits until the archive has grown by this share.
GROWTH = 0.2


def update_topics(
    database: Database,
    card: Card,
    load_encoder: Callable[[], Encoder],
    *,
    now: datetime,
    refit: bool = False,
) -> TopicsResult:
    """Give every encoded post a topic or a place in the outlier pool.

    A first run and one with `refit` cluster anew and map what they find onto the ledger; so does
    one by another encoder or version of the model. An archive that has grown by a fifth is fitted
    from the topics that are there. Any other run places the new posts only.
    """
    with database.read() as session:
        encoder = embeddings.encoder_id(session, card.name, card.revision)
        if encoder is None:
            return TopicsResult(False, 0, 0, 0, "no posts")
        fit = topic_fit.newest_fit(session)
        encoded = topic_fit.encoded_count(session, encoder)
    anew = refit or fit is None or (fit.encoder_id, fit.model) != (encoder, model.VERSION)
    if fit is None or anew or _grown(fit, encoded):
        return fit_again(database, encoder, encoded, load_encoder, now, warm=not anew)
    return night(database, encoder, fit, load_encoder, now)


def _grown(fit: TopicFit, encoded: int) -> bool:
    return encoded > (1 + GROWTH) * int(fit.parameters["posts"])
