"""Step `topics`: a night places what is new, a refit looks at the whole archive again."""

from jobs.topics.book import TopicsResult
from jobs.topics.step import update_topics

__all__ = ["TopicsResult", "update_topics"]
