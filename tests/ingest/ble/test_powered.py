"""What the system's Bluetooth says of the adapters, and that it is listened to for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from dbus_fast import Message, MessageType, Variant
from dbus_fast.errors import AuthError, InvalidMessageError
from fast_loop import run_fast

from ingest.ble.powered import ADAPTER, ANSWER_S, ASK_AGAIN_S, is_of_power, listen, speaks_to_bluez

ON, OFF = ({ADAPTER: {"Powered": Variant("b", on)}} for on in (True, False))


def signal(member, body, signature):
    return Message(message_type=MessageType.SIGNAL, path="/org/bluez/hci0", interface="org.example.Any", member=member, signature=signature, body=body)


SWITCHED_ON = signal("PropertiesChanged", [ADAPTER, {"Powered": Variant("b", True)}, []], "sa{sv}as")
SWITCHED_OFF = signal("PropertiesChanged", [ADAPTER, {"Powered": Variant("b", False)}, []], "sa{sv}as")
UNPLUGGED = signal("InterfacesRemoved", ["/org/bluez/hci0", [ADAPTER]], "oas")
DAEMON_WENT = signal("NameOwnerChanged", ["org.bluez", ":1.3", ""], "sss")


@pytest.mark.parametrize(
    ("message", "is_news"),
    [
        (SWITCHED_ON, True),
        (SWITCHED_OFF, True),
        (signal("PropertiesChanged", [ADAPTER, {"Discovering": Variant("b", True)}, []], "sa{sv}as"), False),
        (signal("InterfacesAdded", ["/org/bluez/hci0", ON], "oa{sa{sv}}"), True),
        (signal("InterfacesAdded", ["/org/bluez/hci0/dev_1", {"org.bluez.Device1": {}}], "oa{sa{sv}}"), False),
        (UNPLUGGED, True),
        (signal("InterfacesRemoved", ["/org/bluez/hci0/dev_1", ["org.bluez.Device1"]], "oas"), False),
        (DAEMON_WENT, True),
        (signal("NameOwnerChanged", ["org.bluez", "", ":1.9"], "sss"), False),
        (signal("NameOwnerChanged", ["org.example", ":1.9", ""], "sss"), False),
        (signal("SomethingElse", ["org.bluez"], "s"), False),
    ],
    ids=["switched on", "switched off", "another property", "plugged in", "a device came", "unplugged", "a device went", "bluetoothd went",
         "bluetoothd came, its adapter not yet", "another program went", "not known"],
)  # fmt: skip
def test_a_signal_says_something_of_an_adapter_or_it_does_not(message, is_news):
    assert is_of_power(message) is is_news


# ---------------------------------------------------------------- listening to a bus


def raised_by_dbus(error: BaseException) -> None:
    """As the library that speaks to the bus would raise it."""
    exec("raise error", {"__name__": "dbus_fast.aio.message_bus", "error": error})


@dataclass(eq=False)
class System:
    """A system bus with a BlueZ on it, and what goes wrong with them. `told`: second, and what was said of the power."""

    adapters: dict[str, Any] = field(default_factory=lambda: {"/org/bluez/hci0": ON})
    running: bool = True
    connects_fail: Exception | None = None
    mute: bool = False
    complains: bool = False
    connects: list[float] = field(default_factory=list)
    told: list[tuple[float, bool | None]] = field(default_factory=list)
    handlers: list[Callable[[Message], object]] = field(default_factory=list)
    gone: asyncio.Future[None] | None = None

    async def says(self, message: Message) -> None:
        for handler in self.handlers:
            assert not handler(message), "nobody answers a signal"
        await asyncio.sleep(1)

    @property
    def powers(self) -> list[bool | None]:
        return [power for _, power in self.told]

    def installed(self, patch: pytest.MonkeyPatch) -> None:
        system = self

        class Bus:
            def __init__(self, **_: object) -> None:
                system.handlers.clear()
                system.gone = asyncio.get_running_loop().create_future()

            async def connect(self) -> "Bus":
                system.connects.append(asyncio.get_running_loop().time())
                if system.connects_fail is not None:
                    raised_by_dbus(system.connects_fail)
                return self

            def disconnect(self) -> None:
                if not system.gone.done():
                    system.gone.set_result(None)

            def add_message_handler(self, handler: Callable[[Message], object]) -> None:
                system.handlers.append(handler)

            async def wait_for_disconnect(self) -> None:
                await system.gone

            async def call(self, asked: Message) -> Message:
                if system.mute:
                    await asyncio.Event().wait()
                if asked.member == "GetManagedObjects" and system.complains:
                    return Message(message_type=MessageType.ERROR, reply_serial=1, error_name="org.freedesktop.DBus.Error.NoReply", signature="s", body=["no"])
                answers = {"AddMatch": ("", []), "NameHasOwner": ("b", [system.running]), "GetManagedObjects": ("a{oa{sa{sv}}}", [system.adapters])}
                signature, body = answers[asked.member]
                return Message(message_type=MessageType.METHOD_RETURN, reply_serial=1, signature=signature, body=body)

        patch.setattr("dbus_fast.aio.MessageBus", Bus)


def listened(scene: Callable[[System], Awaitable[None]], **what: Any) -> System:
    """Plays a scene while somebody listens."""

    async def play() -> System:
        with pytest.MonkeyPatch.context() as patch:
            system = System(**what)
            system.installed(patch)
            listening = asyncio.ensure_future(listen(lambda power: system.told.append((asyncio.get_running_loop().time(), power))))
            await asyncio.sleep(1)
            await scene(system)
            assert not listening.done()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        return system

    return run_fast(play())


def test_an_adapter_that_is_switched_off_and_on_is_told():
    async def scene(system: System) -> None:
        assert system.told == [], "what is the case already is no news"
        system.adapters = {"/org/bluez/hci0": OFF}
        await system.says(SWITCHED_OFF)
        system.adapters = {"/org/bluez/hci0": ON}
        await system.says(SWITCHED_ON)
        assert system.powers == [False, True]

    listened(scene)


@pytest.mark.parametrize("message", [SWITCHED_OFF, UNPLUGGED], ids=["switched off", "unplugged"])
def test_one_of_two_adapters_that_goes_is_news_and_does_not_mean_that_bluetooth_is_off(message):
    async def scene(system: System) -> None:
        del system.adapters["/org/bluez/hci1"]
        await system.says(message)
        assert system.powers == [True]

    listened(scene, adapters={"/org/bluez/hci0": ON, "/org/bluez/hci1": ON})


@pytest.mark.parametrize(
    "went",
    [{"running": False}, {"adapters": {}}, {"adapters": {"/org/bluez/hci0": {"org.bluez.Device1": {}}}}, {"complains": True}],
    ids=["daemon", "adapter", "adapter, not its devices", "daemon, as it is asked"],
)
def test_bluetooth_that_goes_is_off(went):
    async def scene(system: System) -> None:
        for name, value in went.items():
            setattr(system, name, value)
        await system.says(DAEMON_WENT)
        assert system.powers == [False]
        assert len(system.connects) == 1

    listened(scene)


@pytest.mark.parametrize("ends", [None, EOFError(), OSError("reset"), InvalidMessageError("garbage"), RuntimeError("a bug of the library's")], ids=repr)
def test_a_bus_that_goes_is_not_known_to_have_power_and_is_come_back_to(ends):
    async def scene(system: System) -> None:
        await system.says(SWITCHED_ON)
        if ends is None:
            system.gone.set_result(None)
        else:
            system.gone.set_exception(ends)
        await asyncio.sleep(ASK_AGAIN_S + 1)
        assert system.powers == [True, None]
        await system.says(SWITCHED_ON)
        assert system.powers == [True, None, True]
        assert len(system.connects) == 2

    listened(scene)


@pytest.mark.parametrize(
    "fails",
    [AuthError("the bus does not know this user"), FileNotFoundError(), InvalidMessageError("garbage"), RuntimeError("a bug of the library's")],
    ids=repr,
)
def test_a_bus_that_lets_nobody_in_is_asked_again_and_again(fails):
    async def scene(system: System) -> None:
        await asyncio.sleep(10 * ASK_AGAIN_S)
        assert len(system.connects) == 11
        assert set(system.powers) == {None}
        system.connects_fail = None
        await asyncio.sleep(ASK_AGAIN_S)
        await system.says(SWITCHED_ON)
        assert system.powers[-1] is True

    listened(scene, connects_fail=fails)


def test_a_bus_that_lets_us_in_and_says_nothing_is_left_and_come_back_to():
    async def scene(system: System) -> None:
        await asyncio.sleep(ANSWER_S + ASK_AGAIN_S)
        system.mute = False
        assert len(system.connects) == 2
        await asyncio.sleep(ANSWER_S + ASK_AGAIN_S)
        await system.says(SWITCHED_ON)
        assert system.powers[-1] is True

    listened(scene, mute=True)


def test_a_mistake_of_ours_is_not_taken_for_the_buss():
    def fails(_power: bool | None) -> None:
        raise KeyError("ours")

    async def play() -> None:
        with pytest.MonkeyPatch.context() as patch:
            System(connects_fail=OSError()).installed(patch)
            with pytest.raises(KeyError):
                await listen(fails)

    run_fast(play())


@pytest.mark.parametrize(("backend", "speaks"), [("BleakBackend.BLUEZ_DBUS", True), ("core_bluetooth", False), ("bumble", False)])
def test_it_is_known_whether_bluez_is_spoken_to(monkeypatch, backend, speaks):
    monkeypatch.setattr("bleak.get_platform_scanner_backend_type", lambda: (None, backend))
    assert speaks_to_bluez() is speaks
