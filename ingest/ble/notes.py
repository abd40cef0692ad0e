"""What the program writes into a recording about its own link, beside the strap's notifications, so that a replay of the raw rows knows
as much as the program did: when a link began, when and why it was lost, and that time went on without one (contracts, section 2).
"""

from __future__ import annotations

CHARACTERISTIC = "somalink.link"
UP, DOWN, STILL = "up", "down", "still"

DISCONNECT, SILENCE, ADAPTER_OFF, RESTART, STOP = "disconnect", "silence", "adapter_off", "restart", "stop"
"""Why a link ended: the strap or the air dropped it; nothing came for 5 s; the computer's Bluetooth went; the program did not end it itself;
somebody ended the program, and nothing was lost."""


def note(state: str, reason: str = "") -> bytes:
    """The payload of a link row."""
    return f"{state} {reason}".rstrip().encode("ascii")
