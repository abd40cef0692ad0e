"""Every set of points there is, and the hours of a device: what a shipper asks of one person. Makes none itself."""

from __future__ import annotations

from somalink.pipeline.replica import breathed, said, stood, told, week
from somalink.pipeline.replica.hours import hours_of
from somalink.pipeline.replica.subject import SetOf, Subject

__all__ = ["SETS", "SetOf", "Subject", "hours_of"]

SETS: tuple[SetOf, ...] = (*stood.SETS, *said.SETS, *breathed.SETS, *told.SETS, *week.SETS)
"""episode, social_event, link, plan, prompt, rating, breathing, baseline, finding, week_profile."""
