"""Polar H9. Heart rate and intervals, nothing else: Polar's BLE SDK, documentation/products/PolarH9.md."""

from ingest.devices.catalogue import Family, Tried
from somalink.domain.types import Stream

FAMILY = Family(
    id="polar_h9",
    maker="Polar",
    models=("H9",),
    names=("Polar H9*",),
    examples=("Polar H9 7A3C1D2B",),
    tier="B",
    location="chest",
    service="hrs",
    sends=frozenset({Stream.HR, Stream.RR}),
    quirks=("no_movement", "one_link", "do_not_pair"),
    notes=("Coin cell CR2025; no ECG and no movement.",),
    tried=(Tried("virtual device", "heart rate and intervals"),),
)
