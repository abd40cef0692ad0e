"""Colours and words of the boards. Each colour holds 3:1 on Grafana's white and on its near-black panel; none of them says anything alone."""

from __future__ import annotations

from somalink.domain.catalogue import ACTIONS, WITH_WHOM

USUAL, ABOVE, WELL, BELOW, HEART, UNSURE = "#328581", "#968bce", "#9440b8", "#497099", "#c08238", "#848a8e"
"""Arousal about, above, well above and below the usual; heart rate; drawn and not judged. There is no red, green or amber."""
NOTE = "#a67c1e"
"""A plain notice (battery low, shipping behind); with a sentence, always."""
TEXT = "text"
"""Grafana's own text colour, which follows the theme."""
SERIES = (USUAL, ABOVE, HEART, BELOW, WELL, UNSURE)
SOFT = "1f"
"""Appended to a colour: 12 % of it, for regions."""

EMPTY = "No data in this time"
"""Stands for an empty period and for a database that is away, so it says no more than both have in common."""
NOTHING = "–"
"""An empty cell."""

BPM, SD, HOURS, MS, MG = "suffix: bpm", "suffix: SD", "suffix: h", "ms", "suffix: mg"
SHARE, PERCENT, SECONDS, AGE, BYTES = "percentunit", "percent", "s", "dateTimeFromNow", "decbytes"
WHEN = "time:ddd D MMM HH:mm"
DATE = "time:ddd D MMM"

KINDS = {
    "rejection": "Rejection",
    "exclusion": "Left out",
    "ignored": "Ignored",
    "criticism": "Criticism",
    "conflict": "Conflict",
    "boundary": "Boundary",
    "connection": "Connection",
    "support": "Support",
    "reaching_out": "Reached out",
    "group": "Group",
    "exposure_step": "Planned step",
    "other": "Something else",
}
"""Kinds of moments as the page and the report call them; a test holds that they agree."""
DONE = {action: action.capitalize() for action in ACTIONS}
WHO = {who: who.capitalize() for who in WITH_WHOM}
TIERS = {"A": "Strap that sees movement", "B": "Strap", "C": "Optical band, at rest only", "D": "Watch, heart rate only"}
GATES = {
    "still": ("Still", USUAL),
    "light": ("Moving a little", BELOW),
    "moving": ("Moving", UNSURE),
    "recovery": ("Settling after moving", HEART),
    "posture": ("Just stood up or sat down", ABOVE),
    "unknown": ("Movement not known", WELL),
}
"""Gate -> its words and its colour. Text is on every bar; the last four are not judged, or only in part."""
