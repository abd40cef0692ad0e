"""How far shipping is behind, as a sentence. Grafana's mappings hold whole texts, so there is one for every length that is told apart."""

from __future__ import annotations

from itertools import pairwise

from dashboards.grafana.kinds import ranges, steps
from dashboards.grafana.look import NOTE, TEXT
from dashboards.grafana.model import Json

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
CURRENT_S = 2 * MINUTE_S
"""Values are final after some seconds and sent every few; under two minutes nobody would notice."""
BEHIND_S = 15 * MINUTE_S
"""From here it is said in the colour of a notice, and the rule about shipping says it too."""
TOLD = (
    *((minutes * MINUTE_S, f"{minutes} min") for minutes in (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)),
    *((hours * HOUR_S, f"{hours} h") for hours in (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 21)),
    *((days * DAY_S, f"{days} day" if days == 1 else f"{days} days") for days in (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28)),
)
"""Each holds from its length up to the next."""
SAID = "Shipping is {} behind"


def in_words() -> list[Json]:
    """Seconds of lag as a sentence."""
    (longest, how_long) = TOLD[-1]
    stretches = [(low, high, SAID.format(words)) for (low, words), (high, _) in pairwise(TOLD)]
    return ranges((None, CURRENT_S, "Up to date"), *stretches, (longest, None, SAID.format(f"over {how_long}")))


def noticed() -> Json:
    """Thresholds: text as it is, and the colour of a notice once it is late."""
    return steps((None, TEXT), (BEHIND_S, NOTE))
