"""Stable names for what is stored: content hashes for what is computed, UUIDs for what people make (contracts, section 1)."""

import hashlib
from dataclasses import dataclass


def digest(*parts: object) -> str:
    """128-bit hash of the parts as 32 hex digits. Parts are joined by a unit separator, so ("a", "bc") differs from ("ab", "c").

    >>> digest("a", "bc") == digest("ab", "c")
    False
    """
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Unit:
    """One device as worn by one person in one recording; every record carries these three names."""

    person: str
    device: str
    recording: str
    tier: str = "B"
    """A chest RR + accelerometer, B chest RR, C optical intervals at rest, D heart rate only."""
