"""Hears from BlueZ when an adapter comes, goes, or is switched on or off, so that nobody has to ask again and again.

Linux with D-Bus only; elsewhere nothing is heard and the ordinary waits have to do. Knows D-Bus signals; decides nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from bleak.exc import BleakDBusError

from ingest.ble.leaving import leave, within
from ingest.ble.trouble import done_without

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
DBUS, DBUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
ANSWER_S = 5.0
"""A system bus that takes longer to let us in and to answer is as good as none."""
ASK_AGAIN_S = 30.0
"""A system bus that is not there is looked for again this often."""

Told = Callable[[bool | None], None]
"""Called when an adapter came, went, or was switched: True if any is on now, False if none is; None when it is not known any more."""


def speaks_to_bluez() -> bool:
    """Whether bleak talks to BlueZ here, rather than to another system or to a virtual radio."""
    import bleak

    return "bluez" in str(bleak.get_platform_scanner_backend_type()[1]).lower()  # type: ignore[attr-defined]


async def listen(told: Told) -> None:
    """Runs until cancelled; comes back to a bus that was away, or that failed in whichever way."""
    while True:
        with done_without():
            async with bus() as connected:
                await _hear(connected, told)
        told(None)
        await asyncio.sleep(ASK_AGAIN_S)


async def _hear(connected: MessageBus, told: Told) -> None:
    """Until the bus goes. What an adapter's signal says is looked up, since there may be several adapters: one may go while another is on."""
    changed, gone = asyncio.Event(), asyncio.ensure_future(connected.wait_for_disconnect())  # type: ignore[no-untyped-call]
    gone.add_done_callback(lambda _: changed.set())
    leave(gone)
    try:
        connected.add_message_handler(lambda message: changed.set() if is_of_power(message) else None)
        for rule in RULES:
            await within(ANSWER_S, ask(connected, DBUS, DBUS_PATH, DBUS, "AddMatch", "s", rule))
        await changed.wait()
        while not gone.done():
            changed.clear()
            told(await within(ANSWER_S, _any_is_on(connected)))
            await changed.wait()
    finally:
        gone.cancel()


def is_of_power(message: Message) -> bool:
    """Whether a signal tells that an adapter was switched, came or went, or that the daemon left and took all of them along."""
    match message.member, message.body:
        case "PropertiesChanged", [interface, changed, *_]:
            return bool(interface == ADAPTER and "Powered" in changed)
        case "InterfacesAdded" | "InterfacesRemoved", [_, interfaces]:
            return ADAPTER in interfaces
        case "NameOwnerChanged", [name, _, owner]:
            return bool(name == BLUEZ and not owner)
    return False


async def _any_is_on(connected: MessageBus) -> bool:
    """Whether BlueZ has an adapter that is on; one that is just ending has none."""
    with contextlib.suppress(BleakDBusError):
        found = (interfaces[ADAPTER] for interfaces in (await objects_of_bluez(connected)).values() if ADAPTER in interfaces)
        return any("Powered" in adapter and adapter["Powered"].value for adapter in found)
    return False


# ---------------------------------------------------------------- the system bus


@contextlib.asynccontextmanager
async def bus() -> AsyncIterator[MessageBus]:
    """The system bus, as long as it is needed. FileNotFoundError and the like where there is none, TimeoutError where it says nothing."""
    from dbus_fast import BusType
    from dbus_fast.aio import MessageBus

    made = MessageBus(bus_type=BusType.SYSTEM)
    try:
        await within(ANSWER_S, made.connect())
        yield made
    finally:
        made.disconnect()


async def is_running(connected: MessageBus) -> bool:
    """Whether BlueZ is there."""
    return bool((await ask(connected, DBUS, DBUS_PATH, DBUS, "NameHasOwner", "s", BLUEZ))[0])


async def objects_of_bluez(connected: MessageBus) -> dict[str, dict[str, Any]]:
    """Everything that BlueZ has: path -> interface -> properties. Nothing where it is not running."""
    if not await is_running(connected):
        return {}
    found: dict[str, dict[str, Any]] = (await ask(connected, BLUEZ, "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"))[0]
    return found


async def ask(connected: MessageBus, destination: str, path: str, interface: str, member: str, signature: str = "", *body: Any) -> list[Any]:
    """What somebody on the bus answers; its complaint as bleak's error. Nobody is started to answer."""
    from dbus_fast import Message, MessageFlag, MessageType

    question = Message(destination, path, interface, member, signature=signature, body=list(body), flags=MessageFlag.NO_AUTOSTART)
    reply = await connected.call(question)
    assert reply is not None
    if reply.message_type is MessageType.ERROR:
        raise BleakDBusError(reply.error_name or "", reply.body)
    return reply.body
