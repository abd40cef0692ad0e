"""Amazfit, Zepp and Mi Band watches and bands. No page of the maker on broadcasting was found; what stands here is what to look for."""

from ingest.devices.catalogue import Family, Switching
from somalink.domain.types import Stream

FAMILY = Family(
    id="amazfit",
    maker="Amazfit",
    models=("GTR", "GTS", "Bip", "Balance", "Active", "T-Rex", "Helio", "Mi Band"),
    names=("Amazfit*", "Zepp*", "Mi Band*", "Mi Smart Band*", "Xiaomi Smart Band*"),
    examples=("Amazfit GTR 4", "Mi Smart Band 6"),
    tier="D",
    location="wrist",
    service="hrs",
    sends=frozenset({Stream.HR}),
    quirks=("rate_only", "smooths", "no_movement", "freezes_unseen", "while_broadcasting", "changes_address"),
    broadcasting=(
        Switching(
            "any",
            (
                "Look in the watch's settings, under heart rate or workouts, for `Heart rate push` or `Share heart rate`.",
                "Where there is none, look for it in the Zepp app, in the settings of the device.",
                "On some it works during a workout alone: begin one.",
            ),
        ),
    ),
    notes=("Rechargeable. Mi Bands of older years want a key of the maker's app before they send anything, and are not read.",),
)
