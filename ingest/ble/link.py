"""One connection to one strap: made, subscribed, asked about itself, let go.

Met through bleak; knows GATT and nothing of time, files or people.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ingest.ble.leaving import within
from ingest.ble.names import BATTERY_LEVEL, DEVICE_INFORMATION, HEART_RATE_MEASUREMENT, SENSOR_LOCATION, location_word
from ingest.ble.patience import Patience
from ingest.ble.trouble import done_without

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.device import BLEDevice

ATTEMPTS = 2
"""The retry library's own tries inside one of ours: BlueZ forgets to announce one connection in ten (seen), and the second one holds."""


class Link:
    """A connection that is up, until `lost` is set."""

    def __init__(self, client: BleakClient, lost: asyncio.Event, patience: Patience) -> None:
        self._client, self.lost, self._patience = client, lost, patience
        self._heard: set[str] = set()

    @classmethod
    async def make(cls, device: BLEDevice, name: str, patience: Patience) -> Link:
        """Connects; raises one of RADIO_ERRORS when it cannot, TimeoutError when it takes too long."""
        from bleak_retry_connector import BleakClientWithServiceCache, establish_connection

        lost = asyncio.Event()
        connecting = establish_connection(
            BleakClientWithServiceCache, device, name, disconnected_callback=lambda _: lost.set(), max_attempts=ATTEMPTS, use_services_cache=False
        )
        client = await within(patience.connect, connecting)
        # Its tries share a client, so the end of one that failed was told as well. Whether the last one holds is what counts; nothing is
        # waited for between asking and handing over, so no loss falls in between.
        if client.is_connected:
            lost.clear()
        else:
            lost.set()
        return cls(client, lost, patience)

    async def subscribe(self, heard: Callable[[bytes], None]) -> None:
        """Heart rate notifications from now on; the callback runs in the loop, as soon as bleak has them."""
        await self.listen(HEART_RATE_MEASUREMENT, heard)

    async def listen(self, uuid: str, heard: Callable[[bytes], None]) -> None:
        """The same of any characteristic that notifies or indicates. Once a link: macOS refuses who asks again."""
        if uuid not in self._heard:
            await within(self._patience.connect, self._client.start_notify(uuid, lambda _, payload: heard(bytes(payload))))
            self._heard.add(uuid)

    async def write(self, uuid: str, payload: bytes) -> None:
        """Writes, and waits until the device has taken it. Raises one of RADIO_ERRORS when it does not."""
        await within(self._patience.command, self._client.write_gatt_char(uuid, payload, response=True))

    def has(self, uuid: str) -> bool:
        """Whether the device has such a characteristic."""
        return self._client.services.get_characteristic(uuid) is not None

    @property
    def services(self) -> tuple[str, ...]:
        """The numbers of its services."""
        return tuple(service.uuid for service in self._client.services)

    async def about(self) -> dict[str, Any]:
        """What the strap says of itself: battery_pct, sensor_location, manufacturer, model, serial ... as far as it says it."""
        said: dict[str, Any] = {}
        if (location := await self._read(SENSOR_LOCATION)) is not None:
            said["sensor_location"] = location_word(location)
        for field, uuid in DEVICE_INFORMATION.items():
            if (text := await self._read(uuid)) is not None:
                said[field] = text.decode("utf-8", "replace").strip("\x00 ")
        return said | await self.battery()

    async def model(self) -> dict[str, str]:
        """Maker and model, as far as they are told."""
        said = {field: await self._read(DEVICE_INFORMATION[field]) for field in ("manufacturer", "model")}
        return {field: text.decode("utf-8", "replace").strip("\x00 ") for field, text in said.items() if text is not None}

    async def battery(self) -> dict[str, Any]:
        """{battery_pct: 0-100}, or nothing where it is not told."""
        level = await self._read(BATTERY_LEVEL)
        return {"battery_pct": min(level[0], 100)} if level else {}

    async def _read(self, uuid: str) -> bytes | None:
        """A value, or None: what a strap does not say is no reason to lose its heartbeats."""
        with done_without():
            if self.has(uuid):
                return bytes(await within(self._patience.command, self._client.read_gatt_char(uuid)))
        return None

    async def close(self) -> None:
        """Lets go. A disconnect that blocks is left behind."""
        with done_without():
            await within(self._patience.disconnect, self._client.disconnect())
