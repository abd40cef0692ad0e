"""COROS watches and the COROS heart rate monitor, an optical arm band. No page of the maker on broadcasting was found; what stands here is what to look for."""

from ingest.devices.catalogue import Family, Switching
from somalink.domain.types import Stream

FAMILY = Family(
    id="coros",
    maker="COROS",
    models=("PACE", "APEX", "VERTIX", "heart rate monitor"),
    names=("COROS*",),
    examples=("COROS PACE 3 1A2B3C", "COROS HRM 4D5E6F"),
    tier="D",
    location="wrist",
    service="hrs",
    sends=frozenset({Stream.HR}),
    quirks=("rate_only", "smooths", "no_movement", "freezes_unseen", "while_broadcasting"),
    broadcasting=(
        Switching(
            "PACE, APEX, VERTIX", ("Look in the toolbox, which a long press of the BACK button opens, for `Broadcast HR`.", "Leave it on while you record.")
        ),
        Switching("heart rate monitor", ("Look for it by putting it on: an arm band of this kind sends once it is worn.",)),
    ),
    notes=("Rechargeable.",),
)
