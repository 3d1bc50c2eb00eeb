"""Threads that heat up: how hot a thread is after each post, and why.

`prefixes` reads features of the turns so far, `HeatModel` adds them up to heat between 0 and 1,
`reasons` tells the strongest parts in words. An additive model, so that every part can be shown.
"""

from nlp.heat.features import NAMES, WINDOW, prefixes
from nlp.heat.model import HeatModel, fit, load_model
from nlp.heat.reasons import Reason, reasons, turning
from nlp.heat.turns import UNKNOWN, Habits, Turn

__all__ = [
    "NAMES",
    "UNKNOWN",
    "WINDOW",
    "Habits",
    "HeatModel",
    "Reason",
    "Turn",
    "fit",
    "load_model",
    "prefixes",
    "reasons",
    "turning",
]
