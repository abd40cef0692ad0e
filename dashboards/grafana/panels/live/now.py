"""How it is at the end of the time shown, in words. Mostly that end is now; the title holds for both."""

from dashboards.grafana.kinds import stat
from dashboards.grafana.levels import in_words
from dashboards.grafana.model import Target
from dashboards.grafana.query import IN_VIEW, Column, Query, at_least

LATELY = f"time > ${{__to}}ms - 5m AND {IN_VIEW}"
"""What is older than five minutes is not now: a value is final after a few seconds, and here after a minute."""
BAND = ("arousal_lo", "arousal_hi")
SURELY = Column('("arousal_lo" + "arousal_hi" + abs("arousal_lo" - 20) - abs("arousal_hi" - 20)) / 2', BAND, BAND, "Now")
"""The place in the 90 % band that is nearest to 20, the typical level: where the band covers two words, the one nearer to the usual is said."""

PANEL = stat(
    1,
    "At the end of this time",
    "Arousal of the body against this person's own usual, in the newest five seconds that could be judged, at most five minutes before the end "
    "of the time shown, of whichever device. Where the uncertainty covers two words it is the one nearer to the usual.\n\n"
    "*Not a feeling and not a reason; above is not bad. “Nothing to say”: not worn, moving, a weak signal, or no data.*",
    (Target("A", Query("arousal", (SURELY,), where=(at_least("usable", 1),), when=LATELY, newest_first=True, limit=1), table=True),),
    shows="Now",
    defaults={"mappings": in_words(), "noValue": "Nothing to say"},
)
