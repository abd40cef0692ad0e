"""Hears from BlueZ when an adapter comes, goes, or is switched on or off, so that nobody has to ask again and again.

Linux with D-Bus only; elsewhere nothing is heard and the ordinary waits have to do. Knows D-Bus signals; decides nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

BLUEZ = "org.bluez"
ADAPTER = "org.bluez.Adapter1"
RULES = (
    f"type='signal',sender='{BLUEZ}',interface='org.freedesktop.DBus.ObjectManager'",
    f"type='signal',sender='{BLUEZ}',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',arg0='{ADAPTER}'",
    f"type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{BLUEZ}'",
)
ASK_AGAIN_S = 30.0
"""A system bus that is not there is looked for again this often."""

Told = Callable[[bool], None]
"""Called with True when an adapter came or was switched on, False when one went or was switched off."""


def power_of(message: Message) -> bool | None:
    """What a signal says of the adapter's power: True on, False off, None nothing.

    A property change carries `Powered`; an object that comes or goes is an adapter or is not; the daemon that leaves takes all with it.
    """
    body: list[Any] = message.body
    if message.member == "PropertiesChanged" and body and body[0] == ADAPTER:
        powered = body[1].get("Powered")
        return None if powered is None else bool(powered.value)
    if message.member == "InterfacesAdded" and len(body) == 2:
        powered = body[1].get(ADAPTER, {}).get("Powered")
        return True if powered is not None and powered.value else None
    if message.member == "InterfacesRemoved" and len(body) == 2:
        return False if ADAPTER in body[1] else None
    if message.member == "NameOwnerChanged" and len(body) == 3 and body[0] == BLUEZ:
        return False if not body[2] else None
    return None


async def listen(told: Told) -> None:
    """Runs until cancelled; comes back to a bus that was away."""
    while True:
        with contextlib.suppress(OSError, EOFError):
            async with _bus() as bus:
                bus.add_message_handler(lambda message: _pass_on(message, told))
                for rule in RULES:
                    await _subscribe(bus, rule)
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        await asyncio.sleep(ASK_AGAIN_S)


def _pass_on(message: Message, told: Told) -> None:
    power = power_of(message)
    if power is not None:
        told(power)


@contextlib.asynccontextmanager
async def _bus() -> AsyncIterator[MessageBus]:
    from dbus_fast import BusType
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        yield bus
    finally:
        bus.disconnect()


async def _subscribe(bus: MessageBus, rule: str) -> None:
    from dbus_fast import Message

    name = "org.freedesktop.DBus"
    await bus.call(Message(destination=name, path="/org/freedesktop/DBus", interface=name, member="AddMatch", signature="s", body=[rule]))
