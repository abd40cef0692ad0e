"""Polar OH1 and OH1+, an optical arm band. Streams: Polar's BLE SDK, documentation/products/PolarOH1.md; what its intervals are worth: PPIData.md."""

from ingest.devices.catalogue import Family, Want
from somalink.domain.types import Stream

FAMILY = Family(
    id="polar_oh1",
    maker="Polar",
    models=("OH1", "OH1+"),
    names=("Polar OH1*",),
    examples=("Polar OH1 5F3A2C11",),
    tier="C",
    location="arm",
    service="pmd",
    sends=frozenset({Stream.HR}),
    wants=(
        Want(Stream.RR, 0),
        Want(Stream.ACC, 50, range_g=8, resolution=16),
    ),
    silence_s=12.0,
    quirks=("ppi_at_rest", "ppi_slow", "ppi_error", "frozen_when_moving", "worn_unsure", "do_not_pair"),
    notes=("Rechargeable.",),
)
"""`silence_s`: as of the Verity Sense."""
