"""Conversations out of flat chat: what each message answers, and what belongs together.

`link` gives each message of a channel its likeliest parent, `conversations` the components of
such links. After Kummerfeld et al. 2019, A Large-Scale Corpus for Conversation Disentanglement
(https://aclanthology.org/P19-1374).
"""

from nlp.threads.conversations import BadParent, Link, Message, conversations
from nlp.threads.model import VERSION, ThreadModel, load_model
from nlp.threads.replies import CONTEXT, link

__all__ = [
    "CONTEXT",
    "VERSION",
    "BadParent",
    "Link",
    "Message",
    "ThreadModel",
    "conversations",
    "link",
    "load_model",
]
