"""Polar H10. Rates, ranges and streams: Polar's BLE SDK, documentation/products/PolarH10.md. Latency of its intervals: KTH 2025, Physiol Meas 46:085001.

Two connections at once, off when new: Polar's support pages on the H10. The 45 seconds: known issues of Polar's BLE SDK.
"""

from ingest.devices.catalogue import Family, Tried, Want
from somalink.domain.types import Stream

FAMILY = Family(
    id="polar_h10",
    maker="Polar",
    models=("H10",),
    names=("Polar H10*",),
    examples=("Polar H10 51C0FFEE",),
    tier="A",
    location="chest",
    service="pmd",
    sends=frozenset({Stream.HR, Stream.RR}),
    wants=(
        Want(Stream.ACC, 25, range_g=4, resolution=16),
        Want(Stream.ECG, 130, resolution=14, on_request=True),
    ),
    latency_s=2.6,
    quirks=("late", "two_links_off", "drops_after_45_s", "do_not_pair", "ecg_costs_battery", "rate_off", "streams_apart"),
    notes=("Coin cell CR2025; an ECG of 130 samples a second on request, movement at 25 a second by default.",),
    tried=(
        Tried("recorded bytes", "ECG frames of one ride and the replies of a control point, recorded by others"),
        Tried("virtual on BlueZ", "heart rate and intervals, battery, its link through faults, its movement, granted and fallen silent, a look at its ECG"),
        Tried("virtual device", "its ECG, a ride's and made ones; its streams refused, unanswered and set to another time; hundreds of faults of its link"),
    ),
)
