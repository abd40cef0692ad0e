"""How often gaps began, and links were lost and made again."""

from dashboards.grafana.kinds import BARS, fixed, lines
from dashboards.grafana.look import BELOW, UNSURE
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import STEP, Query, total

SERIES = (("gaps", "Gaps", UNSURE), ("reconnects", "Reconnects", BELOW))

PANEL = lines(
    9,
    "Gaps and reconnects",
    "How many gaps began, and how many links were lost and made again, of everybody chosen.\n\n"
    "*Many short ones: the computer is far from the strap, or its Bluetooth is busy. `somalink doctor` on that computer says more.*",
    (Target("A", Query("coverage", tuple(total(name).named(said) for name, said, _ in SERIES), person="people", every=STEP, fill="none"), alias="$col"),),
    defaults={"min": 0, "decimals": 0},
    custom=BARS,
    overrides=tuple(named(said, {"color": fixed(colour)}) for _, said, colour in SERIES),
    interval="1h",
)
