"""Polar Verity Sense, an optical arm band. Streams and intervals: Polar's BLE SDK, documentation/products/PolarVeritySense.md, documentation/PPIData.md."""

from ingest.devices.catalogue import Family, Tried, Want
from somalink.domain.types import Stream

FAMILY = Family(
    id="polar_verity",
    maker="Polar",
    models=("Verity Sense",),
    names=("Polar Sense*", "Polar Verity*"),
    examples=("Polar Sense 8C4CAF21",),
    tier="C",
    location="arm",
    service="pmd",
    sends=frozenset({Stream.HR}),
    wants=(
        Want(Stream.RR, 0),
        Want(Stream.ACC, 52, range_g=8, resolution=16),
    ),
    silence_s=12.0,
    quirks=("ppi_at_rest", "ppi_slow", "ppi_error", "frozen_when_moving", "worn_unsure", "no_sdk_mode", "do_not_pair"),
    notes=("Rechargeable.",),
    tried=(Tried("virtual on BlueZ", "its intervals in batches, and its movement beside them"),),
)
"""`silence_s`: while it sends intervals its heart rate is renewed every 5 seconds; twice that and a little is a dead link."""
