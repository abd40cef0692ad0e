"""Every watch and band that has no file of its own: the standard heart rate service, once it is told to share, and mostly a rate alone.

A Mio Fuse, which is a wrist band, sent one or two intervals a notification (recorded bytes); so do some arm bands. Those come from light.
"""

from ingest.devices.catalogue import Family, Switching, Tried
from somalink.domain.types import Stream

FAMILY = Family(
    id="other_watch",
    maker="",
    models=("any other watch or band",),
    names=(
        "Watch *", "Galaxy Watch*", "Xiaomi Watch*", "Redmi Watch*", "HUAWEI*", "HONOR Band*", "HONOR Watch*", "Polar*", "Scosche*",
        "RHYTHM*", "Mio *", "H603*",
        "H613*", "HW7*", "HW8*", "HW9*", "Bangle.js*", "PineTime*", "InfiniTime*",
    ),
    examples=("HUAWEI WATCH GT 4-123", "Watch 3", "RHYTHM24 12345", "MIO FUSE"),
    tier="D",
    location="wrist",
    service="hrs",
    sends=frozenset({Stream.HR}),
    quirks=("rate_only", "smooths", "no_movement", "freezes_unseen", "while_broadcasting", "optical_intervals", "changes_address", "unknown_device"),
    broadcasting=(
        Switching("any", (
            "Look in the watch's settings, under heart rate, sensors or workouts, for `broadcast heart rate` or `share heart rate`, and switch it on.",
            "Where there is none, look for it inside a running workout, or in the watch's app on the phone.",
            "An Apple Watch does not share its heart rate by itself; an app has to be added that does.",
        )),
    ),
    tried=(Tried("recorded bytes", "a Mio Fuse's notifications, recorded by others"), Tried("virtual on BlueZ", "a watch that sends a heart rate alone")),
)  # fmt: skip
