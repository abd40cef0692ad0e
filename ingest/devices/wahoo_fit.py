"""Wahoo TICKR FIT, an optical arm band that goes under nearly the name of the strap. It is switched on by its button."""

from ingest.devices.catalogue import Family, Switching
from somalink.domain.types import Stream

FAMILY = Family(
    id="wahoo_fit",
    maker="Wahoo",
    models=("TICKR FIT",),
    names=("TICKR FIT*",),
    examples=("TICKR FIT 0A1B",),
    tier="D",
    location="arm",
    service="hrs",
    sends=frozenset({Stream.HR}),
    quirks=("rate_only", "smooths", "no_movement", "freezes_unseen"),
    broadcasting=(Switching("TICKR FIT", ("Look for its one button, and press it until its light comes on; it then sends until it is switched off.",)),),
    notes=("Rechargeable.",),
)
