"""Fitbit Charge 6 and Google's Pixel Watch. Read: Google's Fitbit help, answer 14236705, on sharing the heart rate with fitness equipment and apps.

That the sharing is encrypted is what was reported when the Charge 6 came (9to5google, 28 September 2023). Fitbits before it do not offer the service.
"""

from ingest.devices.catalogue import Family, Switching
from somalink.domain.types import Stream

FAMILY = Family(
    id="fitbit",
    maker="Fitbit",
    models=("Charge 6", "Pixel Watch"),
    names=("Fitbit*", "Charge 6*", "Pixel Watch*"),
    examples=("Charge 6", "Pixel Watch 3"),
    tier="D",
    location="wrist",
    service="hrs",
    sends=frozenset({Stream.HR}),
    quirks=("rate_only", "smooths", "no_movement", "freezes_unseen", "while_broadcasting", "asks_on_the_watch", "encrypted", "changes_address"),
    broadcasting=(
        Switching(
            "Charge 6",
            (
                "Swipe down from the clock face and tap HR on equipment.",
                "Start `somalink run`, so that it connects.",
                "When the tracker asks whether to share your heart rate, tap Share.",
                "Tap Start, which begins an exercise; ending it ends the sharing.",
            ),
            "Google's Fitbit help, answer 14236705",
        ),
        Switching(
            "Pixel Watch",
            (
                "Look in the quick settings, a swipe down from the watch face, for `Connected fitness`: a heart with two lines.",
                "Tap Connect; it can be found for a short while.",
            ),
        ),
    ),
    notes=("Rechargeable. Sharing is tied to an exercise, so it suits an hour rather than a day.",),
)
