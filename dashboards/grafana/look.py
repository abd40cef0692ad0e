"""Colours and words of the boards. Each colour holds 3:1 on Grafana's white and on its near-black panel; none of them says anything alone."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.live.texts import text
from somalink.domain import catalogue

USUAL, ABOVE, WELL, BELOW, HEART, UNSURE = "#328581", "#968bce", "#9440b8", "#497099", "#c08238", "#848a8e"
"""Arousal about, above, well above and below the usual; heart rate; drawn and not judged. There is no red, green or amber."""
NOTE = "#a67c1e"
"""A plain notice (battery low, shipping behind); with a sentence, always."""
CELL_USUAL, CELL_ABOVE = "#2e7c78", "#7a66b4"
"""The same where white words stand on them, 4.5:1."""
TEXT = "text"
"""Grafana's own text colour, which follows the theme."""
SERIES = (USUAL, ABOVE, HEART, BELOW, WELL, UNSURE)
FAINT = "80"
"""Appended to a colour: half of it, for the edges of regions, which Grafana draws as thick as a line."""

EMPTY = "No data in this time"
"""Stands for an empty period and for a database that is away, so it says no more than both have in common."""
NOTHING = "–"
"""An empty cell."""

BPM, SD, HOURS, MS, MG = "suffix: bpm", "suffix: SD", "suffix: h", "ms", "suffix: mg"
MINUTES = "suffix: min"
SHARE, PERCENT, SECONDS, AGE, BYTES = "percentunit", "percent", "s", "dateTimeFromNow", "decbytes"
WHEN = "time:ddd D MMM HH:mm"
DATE = "time:ddd D MMM"


def _words(scope: str, codes: Iterable[str]) -> dict[str, str]:
    """Code -> what the page and the report call it, as a cell begins."""
    said = {code: text(f"{scope}.{code}") for code in codes}
    return {code: f"{word[0].upper()}{word[1:]}" for code, word in said.items()}


KINDS = _words("kind", catalogue.KINDS)
DONE = _words("action", catalogue.ACTIONS) | {"": "Not said"}
TIERS = _words("tier", "ABCD")
GATE_COLOURS = {"still": USUAL, "light": BELOW, "moving": UNSURE, "recovery": HEART, "posture": ABOVE, "unknown": WELL}
GATES = {gate: (word, GATE_COLOURS[gate]) for gate, word in _words("gate", GATE_COLOURS).items()}
"""Gate -> its words and its colour; the words stand on every bar."""
SCOPES = {
    **{f"kind:{kind}": word for kind, word in KINDS.items()},
    **{f"with_whom:{who}": f"With: {text(f'with_whom.{who}')}" for who in catalogue.WITH_WHOM},
    **{f"action:{action}": f"Did: {text(f'action.{action}')}" for action in catalogue.ACTIONS},
    **{f"context:{what}": f"Also: {text(f'context.{what}')}" for what in catalogue.CONTEXTS},
    catalogue.EVERYTHING: "Everything",
}
"""Group of moments a finding is about -> its words."""
ASKED = {
    "dz10": "Change after a moment",
    "dz10_trend": "Grows or fades",
    "dz10_contrast": "One kind beside another",
    "t_half_s": "Half-way back",
    "t_half_trend": "Settles faster or slower",
    "still_hr_trend": "Heart rate at rest",
    "threshold_trend": "What it takes to stand out",
    "belonging_trend": "Belonging",
    "engagement_trend": "Being part of things",
    "concordance": "Felt and bodily together",
    "offer": "A breath offered, beside one withheld",
    "step_distress": "Distress met, less expected",
    "step_outcome": "What came, less how sure",
}
"""Metric of a finding -> the question it answers; those not here are described in the report's appendix alone."""
