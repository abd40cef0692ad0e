"""What the program writes into a recording about its own link, beside the strap's notifications, so that a replay of the raw rows knows
as much as the program did: when a link began, when and why it was lost, and that time went on without one (contracts, section 2).
"""

from __future__ import annotations

CHARACTERISTIC = "somalink.link"
UP, DOWN, STILL = "up", "down", "still"
STREAMS = "streams"
"""Which of a device's own streams were begun on this link, before its first heartbeat: `streams acc ecg`, or none of them."""
UPRIGHT = "upright"
"""Which way gravity points while the wearer stands upright, x y z in 0.01 mg: `upright 12 -99870 3310`."""

DISCONNECT, SILENCE, ADAPTER_OFF, RESTART, STOP = "disconnect", "silence", "adapter_off", "restart", "stop"
"""Why a link ended: the strap or the air dropped it; nothing came for 5 s; the computer's Bluetooth went; the program did not end it itself;
somebody ended the program, and nothing was lost."""
NOT_STARTED = "not_started"
"""Why a stream is missing on a link that holds: the device was asked for it, and did not begin."""


def note(state: str, reason: str = "") -> bytes:
    """The payload of a link row."""
    return f"{state} {reason}".rstrip().encode("ascii")
