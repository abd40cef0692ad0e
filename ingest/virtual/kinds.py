"""Kinds of devices that a program can be: what each calls itself, where it sits, what its heart rate carries, what else it can be asked for.

Values, one a kind. What a device says of itself follows the catalogue (`ingest.devices`), so that it is taken for what it plays; revisions
are made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.virtual.asking import Own
from ingest.virtual.movesense import movesense
from ingest.virtual.pmd import H10_OFFERS, VERITY_OFFERS, polar

CHEST, WRIST, OTHER = 1, 2, 0
"""Sensor locations, 0x2A38; it has no number for an upper arm."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `name` is made of `{serial}` and `{number}`, `serial` of `{hexadecimal}` and `{number}`. `intervals`: its heart rate carries
    them, and the contact bit. `own`: its maker's own service."""

    id: str
    name: str
    serial: str
    manufacturer: str
    model: str
    hardware: str
    firmware: str
    software: str
    location: int
    mtu: int
    intervals: bool = True
    own: Own | None = None


POLAR = "Polar Electro Oy"
H10 = Kind("h10", "Polar H10 {serial}", "51C0{hexadecimal:04X}", POLAR, "H10", "00760690.03", "5.0.0", "3.1.1", CHEST, 232, own=polar(H10_OFFERS))
KINDS: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        H10,
        Kind("h9", "Polar H9 {serial}", "51C1{hexadecimal:04X}", POLAR, "H9", "1", "1", "1", CHEST, 232),
        Kind("verity", "Polar Sense {serial}", "51C2{hexadecimal:04X}", POLAR, "Verity Sense", "1", "1", "1", OTHER, 232, False, polar(VERITY_OFFERS)),
        Kind("watch", "Watch {number}", "W{number:07d}", "somalink", "virtual watch", "1", "1", "1", WRIST, 158, False),
        Kind("movesense", "Movesense {serial}", "2048300{number:05d}", "Movesense", "HR2", "1", "1", "1", CHEST, 161, own=movesense()),
    )
}
WATCH = KINDS["watch"]
