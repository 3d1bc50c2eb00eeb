"""Step `heat`: how heated threads are after each post, and which of them moderators are shown."""

from jobs.heat.step import HeatResult, update_heat

__all__ = ["HeatResult", "update_heat"]
