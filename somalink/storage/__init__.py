"""What is kept: the embedded store and its exports."""

from somalink.storage.local import LocalStore
from somalink.storage.rows import (
    CoverageRow,
    Delta,
    DeviceEpisode,
    DeviceStatus,
    HourCount,
    HrvRow,
    RawRow,
    Recording,
    RecordingRow,
    TierBaseline,
    Tombstone,
)
from somalink.storage.writer import StaleRevision, Writer

__all__ = [
    "CoverageRow", "Delta", "DeviceEpisode", "DeviceStatus", "HourCount", "HrvRow", "LocalStore", "RawRow", "Recording", "RecordingRow",
    "StaleRevision", "TierBaseline", "Tombstone", "Writer",
]  # fmt: skip
