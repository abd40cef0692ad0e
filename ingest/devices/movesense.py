"""Movesense HR2, HR+, Active and Medical. Latency of its intervals: KTH 2025, Physiol Meas 46:085001; rates: Movesense's API, /Meas/Acc and
/Meas/ECG, over the service of its GATT SensorData firmware."""

from ingest.devices.catalogue import Family, Tried, Want
from somalink.domain.types import Stream

FAMILY = Family(
    id="movesense",
    maker="Movesense",
    models=("HR2", "HR+", "Active", "Medical"),
    names=("Movesense*",),
    examples=("Movesense 204830000123",),
    tier="A",
    location="chest",
    service="movesense",
    sends=frozenset({Stream.HR, Stream.RR}),
    wants=(
        Want(Stream.ACC, 26),
        Want(Stream.ECG, 125, on_request=True),
    ),
    latency_s=0.4,
    quirks=("own_firmware", "one_link", "ecg_costs_battery"),
    notes=("Coin cell CR2025.",),
    tried=(Tried("virtual on BlueZ", "heart rate and intervals, and its movement over its own service"),),
)
