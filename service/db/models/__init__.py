"""The tables. Importing this package knows them all, as migrations and tests need."""

from service.db.models.community import (
    Account,
    Event,
    Identity,
    Member,
    Post,
    RawItem,
    Reaction,
    Source,
    Thread,
)
from service.db.models.heat import Flag, FlagReview, ThreadHeat
from service.db.models.judgements import (
    ReplyLink,
    Suggestion,
    Trend,
)
from service.db.models.operations import ApiKey, AuditEntry, JobRun
from service.db.models.scores import Correction, Score, ScoreModel
from service.db.models.topics import (
    PostTopic,
    Topic,
    TopicArea,
    TopicEvent,
    TopicFit,
    TopicMove,
    TopicNaming,
    TopicRow,
)
from service.db.models.trends import Alert, AlertTick
from service.db.models.vectors import Embedding, EncoderRow, IndexBuild

__all__ = [
    "Account",
    "Alert",
    "AlertTick",
    "ApiKey",
    "AuditEntry",
    "Correction",
    "Embedding",
    "EncoderRow",
    "Event",
    "Flag",
    "FlagReview",
    "Identity",
    "IndexBuild",
    "JobRun",
    "Member",
    "Post",
    "PostTopic",
    "RawItem",
    "Reaction",
    "ReplyLink",
    "Score",
    "ScoreModel",
    "Source",
    "Suggestion",
    "Thread",
    "ThreadHeat",
    "Topic",
    "TopicArea",
    "TopicEvent",
    "TopicFit",
    "TopicMove",
    "TopicNaming",
    "TopicRow",
    "Trend",
]
