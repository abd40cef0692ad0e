"""Clients of three months whose truth is known: lives that differ in one thing, so that what is said of them can be held against it.

All of them sit more than they walk, tag two to four moments a day, take a step a week and are unwell for five days. What differs: whether reactions
to social moments fade, whether there are any, and whether an offered breath does anything. The same clients without beats, for tests that cannot
wait: `tests/support/clients.py`.
"""

from collections.abc import Mapping
from dataclasses import replace

from ingest.simulate.wearer import USUAL, Offering, Tendency, Ways
from somalink.domain.errors import UsageError

DAYS = 90
HARD, MILD = 12.0, 5.0
"""What a conflict adds to the heart rate at its height, and what being ignored adds, in bpm."""
TENDENCIES: Mapping[str, Tendency] = {
    "conflict": Tendency(0.13, 1.0, HARD, 12),
    "criticism": Tendency(0.13, 1.0, HARD, 7),
    "rejection": Tendency(0.1, 1.0, MILD, 6),
    "exclusion": Tendency(0.08, 1.0, MILD, 12),
    "ignored": Tendency(0.1, 1.0, MILD, 8),
    "boundary": Tendency(0.07, 1.0, MILD, 5),
    "connection": Tendency(0.16, 0.0, 0.0, 25),
    "support": Tendency(0.09, 0.0, 0.0, 20),
    "reaching_out": Tendency(0.06, 1.0, MILD, 6),
    "group": Tendency(0.06, 0.0, 0.0, 35),
    "other": Tendency(0.02, 0.0, 0.0, 10),
}
STEADY = Ways(
    name="steady",
    body={"reactivity": 1.0, "settle_s": 300.0, "rest": 64.0, "drift": 3.2, "day_swing": 2.5},
    tendencies=TENDENCIES,
    moments=(2, 6),
    unprompted=(0, 3),
    sat_min=17.0,
    step_every=7,
    step_bpm=HARD,
    least_bpm=0.5,
    left=1.0,
    days=DAYS,
    settling=(0.0, 1.0),
    learned=0.0,
    outcomes=True,
    blind=(0.04, 0.95, 0.85),
    unwell=(40, 44),
)
SETTLING = replace(STEADY, name="settling", left=0.5, learned=1.0)
"""Reactions halve from the first day to the last, in a straight line, and so does the time they take to settle: 12 to 6 bpm, 300 to 150 s."""
WATCHER = replace(STEADY, name="watcher", watching=True, unprompted=(3, 7))
OFFERS = replace(STEADY, moments=(1, 4), unprompted=(2, 5))
HELP_BPM = -2.4
"""0.7 of this body's spread, which the engine finds to be 3.4 bpm."""
CLIENTS: Mapping[str, Ways] = {
    ways.name: ways
    for ways in (
        SETTLING,
        STEADY,
        WATCHER,
        replace(OFFERS, name="breath_helps", offering=Offering(2, 1, 0.6, HELP_BPM)),
        replace(OFFERS, name="breath_idle", offering=Offering(2, 1, 0.6, 0.0)),
    )
}


def client_named(name: str) -> Ways:
    """The ways of a client; of nobody in particular where the name is empty. UsageError names the clients."""
    if name and name not in CLIENTS:
        raise UsageError(f"no simulated client is called {name!r}", next_step=f"choose one of {', '.join(CLIENTS)}")
    return CLIENTS[name] if name else USUAL
