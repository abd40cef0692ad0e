"""Wahoo TICKR, TICKR X and TRACKR straps. Latency of its intervals: KTH 2025, Physiol Meas 46:085001. Three connections: road.cc's review of 2020."""

from ingest.devices.catalogue import Family
from somalink.domain.types import Stream

FAMILY = Family(
    id="wahoo_tickr",
    maker="Wahoo",
    models=("TICKR", "TICKR X", "TRACKR"),
    names=("TICKR*", "Wahoo*", "TRACKR*"),
    examples=("TICKR 9F11", "TICKR X 1234", "Wahoo HRM V2.1"),
    tier="B",
    location="chest",
    service="hrs",
    sends=frozenset({Stream.HR, Stream.RR}),
    latency_s=2.1,
    quirks=("late", "no_movement", "movement_stays_inside"),
    notes=("Coin cell CR2032, the TRACKR rechargeable; the TICKR of 2020 serves three connections at once.",),
)
