"""placeholder until the real one is here"""
from dataclasses import dataclass
from bleak.exc import BleakError
RADIO_ERRORS = (BleakError, OSError, EOFError, TimeoutError, AssertionError, AttributeError, KeyError)
@dataclass(frozen=True)
class Trouble:
    id: str
    words: str
    next_step: str = ""
    off: bool = True
def trouble_of(error):
    return Trouble("unknown", f"Bluetooth: {type(error).__name__}")
class BluetoothUnavailable(Exception):
    pass
