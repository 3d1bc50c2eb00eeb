"""Encoders: texts in, unit vectors out. `describe` names one, `load` loads it."""

from nlp.encoders.base import Card, Encoder
from nlp.encoders.registry import describe, load

__all__ = ["Card", "Encoder", "describe", "load"]
