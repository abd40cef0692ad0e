"""What signals of the system's Bluetooth say of the adapter."""

import pytest
from dbus_fast import Message, MessageType, Variant

from ingest.ble.powered import ADAPTER, power_of


def signal(member, body, signature):
    return Message(message_type=MessageType.SIGNAL, path="/org/bluez/hci0", interface="org.example.Any", member=member, signature=signature, body=body)


@pytest.mark.parametrize(
    ("member", "body", "signature", "power"),
    [
        ("PropertiesChanged", [ADAPTER, {"Powered": Variant("b", True)}, []], "sa{sv}as", True),
        ("PropertiesChanged", [ADAPTER, {"Powered": Variant("b", False)}, []], "sa{sv}as", False),
        ("PropertiesChanged", [ADAPTER, {"Discovering": Variant("b", True)}, []], "sa{sv}as", None),
        ("InterfacesAdded", ["/org/bluez/hci0", {ADAPTER: {"Powered": Variant("b", True)}}], "oa{sa{sv}}", True),
        ("InterfacesAdded", ["/org/bluez/hci0", {ADAPTER: {"Powered": Variant("b", False)}}], "oa{sa{sv}}", None),
        ("InterfacesAdded", ["/org/bluez/hci0/dev_1", {"org.bluez.Device1": {}}], "oa{sa{sv}}", None),
        ("InterfacesRemoved", ["/org/bluez/hci0", [ADAPTER]], "oas", False),
        ("InterfacesRemoved", ["/org/bluez/hci0/dev_1", ["org.bluez.Device1"]], "oas", None),
        ("NameOwnerChanged", ["org.bluez", ":1.3", ""], "sss", False),
        ("NameOwnerChanged", ["org.bluez", "", ":1.9"], "sss", None),
        ("SomethingElse", ["org.bluez"], "s", None),
    ],
    ids=["switched on", "switched off", "another property", "plugged in, on", "plugged in, off", "a device came", "unplugged", "a device went",
         "bluetoothd went", "bluetoothd came, its adapter not yet", "not known"],
)  # fmt: skip
def test_a_signal_says_whether_the_adapter_is_there_and_on(member, body, signature, power):
    assert power_of(signal(member, body, signature)) is power
