"""WHOOP 4.0, 5.0 and MG. That 4.0 broadcasts over the standard service: independent descriptions of its radio; no page of the maker on the steps was found.

Those descriptions, and integrators' guides, say that a broadcast mostly carries no intervals. What the strap keeps for its own app is not read here.
"""

from ingest.devices.catalogue import Family, Switching
from somalink.domain.types import Stream

FAMILY = Family(
    id="whoop",
    maker="WHOOP",
    models=("4.0", "5.0", "MG"),
    names=("WHOOP*",),
    examples=("WHOOP 4A0123456",),
    tier="D",
    location="wrist",
    service="hrs",
    sends=frozenset({Stream.HR}),
    quirks=("rate_only", "smooths", "no_movement", "freezes_unseen", "while_broadcasting"),
    broadcasting=(
        Switching(
            "any", ("Look in the WHOOP app, in the settings of the device, for `Broadcast heart rate`, and switch it on.", "Leave it on while you record.")
        ),
    ),
    notes=("Rechargeable while it is worn.",),
)
