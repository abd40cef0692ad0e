"""Garmin HRM-Pro, HRM-Pro Plus, HRM-Fit and HRM 600. Running dynamics, which it makes of its movement, are Garmin's own form and are not read."""

from ingest.devices.catalogue import Family, Switching
from somalink.domain.types import Stream

FAMILY = Family(
    id="garmin_hrm_pro",
    maker="Garmin",
    models=("HRM-Pro", "HRM-Pro Plus", "HRM-Fit", "HRM 600"),
    names=("HRM-Pro*", "HRM Pro*", "HRMPro*", "HRM-Fit*", "HRM 600*", "HRM600*"),
    examples=("HRM-Pro:123456", "HRMPro+ 123456"),
    tier="B",
    location="chest",
    service="hrs",
    sends=frozenset({Stream.HR, Stream.RR}),
    quirks=("no_movement", "movement_stays_inside", "one_link"),
    broadcasting=(
        Switching(
            "HRM 600",
            (
                "Look in Garmin's app, in the settings of the strap, for its Bluetooth connection.",
                "Choose the open kind where it offers an open and a secured one; the secured one answers Garmin's own devices.",
            ),
        ),
    ),
    notes=("Coin cell CR2032, in the HRM 600 rechargeable; ANT+ goes on beside Bluetooth.",),
)
