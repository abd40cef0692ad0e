"""Garmin HRM-Dual, and the HRM 200 that came after it. Latency of its intervals: KTH 2025, Physiol Meas 46:085001."""

from ingest.devices.catalogue import Family
from somalink.domain.types import Stream

FAMILY = Family(
    id="garmin_hrm_dual",
    maker="Garmin",
    models=("HRM-Dual", "HRM 200"),
    names=("HRM-Dual*", "HRM Dual*", "HRM 200*", "HRM200*"),
    examples=("HRM-Dual:123456", "HRM 200:654321"),
    tier="B",
    location="chest",
    service="hrs",
    sends=frozenset({Stream.HR, Stream.RR}),
    latency_s=0.7,
    quirks=("no_movement", "one_link"),
    notes=("Coin cell CR2032; ANT+ goes on beside Bluetooth. The latency was measured on an HRM-Dual.",),
)
