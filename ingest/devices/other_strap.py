"""Every strap that has no file of its own: the standard heart rate service, and what it shows to send. Many of them share makers and insides."""

from ingest.devices.catalogue import Family, Tried
from somalink.domain.types import Stream

FAMILY = Family(
    id="other_strap",
    maker="",
    models=("any other chest strap",),
    names=(
        "Polar H*", "HRM*", "Suunto*", "MYZONE*", "Zephyr*", "BioHarness*", "Aidlab*", "Frontier*", "Viiiiva*", "4iiii*", "60beat*",
        "XOSS*", "CooSpo*", "808S*", "H6 *", "H808*", "H9Z*", "H64-*", "H303*", "Magene*", "Dual HR*", "Geonaute*", "Decathlon*", "Kalenji*", "Powr Labs*",
        "Livlov*", "iGPSPORT*", "CYCPLUS*", "BlueHR*",
    ),
    examples=("Polar H7 0F2E3D4C", "CooSpo H6", "H808S 0012345"),
    tier="B",
    location="chest",
    service="hrs",
    sends=frozenset({Stream.HR, Stream.RR}),
    quirks=("no_movement", "unknown_device", "one_link"),
    tried=(Tried("recorded bytes", "a Polar H7's notifications, recorded by others"),),
)  # fmt: skip
"""B where it sends intervals, as nearly every chest strap does; else it is read as a heart rate alone."""
