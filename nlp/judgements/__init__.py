"""What a post says between the lines: sentiment, emotion, hostility, intent and language.

One reading of a text by an encoder that was tuned for it serves every head. `Panel.judge` takes
plain texts and returns labels with honest probabilities, or none where it cannot tell.
"""

from nlp.judgements.labels import TASKS
from nlp.judgements.panel import JudgeCard, Panel, Verdicts

__all__ = ["TASKS", "JudgeCard", "Panel", "Verdicts"]
