"""A room full of advertisements behind bleak's own classes, for what listens and never connects. No radio, no waiting."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import bleak
import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback

HEART_RATE = "0000180d-0000-1000-8000-00805f9b34fb"


@dataclass
class FakeAir:
    """What is heard, as (address, name, services, dBm); what this computer holds; and what goes wrong at which call."""

    packets: Sequence[tuple[str, str | None, Sequence[str], int]] = ()
    held: Sequence[tuple[str, str | None]] = ()
    start_fails: Exception | None = None
    stop_fails: Exception | None = None
    held_fails: Exception | None = None
    scans: list[str] = field(default_factory=list)

    def installed(self, monkeypatch: pytest.MonkeyPatch) -> "FakeAir":
        """From here on bleak hears this."""
        air = self

        class Scanner:
            def __init__(self, told: AdvertisementDataCallback) -> None:
                self._told = told

            async def start(self) -> None:
                air.scans.append("start")
                if air.start_fails is not None:
                    raise air.start_fails
                for address, name, services, rssi in air.packets:
                    self._told(BLEDevice(address, name, None), AdvertisementData(name, {}, {}, list(services), None, rssi, ()))

            async def stop(self) -> None:
                air.scans.append("stop")
                if air.stop_fails is not None:
                    raise air.stop_fails

        class Adapter:
            @classmethod
            async def get(cls) -> "Adapter":
                if air.held_fails is not None:
                    raise air.held_fails
                return cls()

            async def get_connected_devices(self, services: Sequence[str]) -> list[BLEDevice]:
                assert list(services) == [HEART_RATE]
                return [BLEDevice(address, name, None) for address, name in air.held]

        monkeypatch.setattr(bleak, "BleakScanner", Scanner)
        monkeypatch.setattr(bleak, "BleakAdapter", Adapter)
        return self
