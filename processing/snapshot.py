"""The engine's memory as bytes and back. Knows nested dicts of numbers, text and arrays; versioned, so that an old one is refused."""

import base64
import json
import zlib
from typing import Any

import numpy as np

VERSION = 3


class UnreadableSnapshot(ValueError):
    """Not a snapshot of this version: rebuild from what the store holds."""


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"~array": base64.b64encode(np.ascontiguousarray(value).tobytes()).decode(), "~dtype": value.dtype.str, "~shape": list(value.shape)}
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a snapshot cannot hold {type(value).__name__}")


def _rich(value: dict[str, Any]) -> Any:
    if "~array" in value:
        return np.frombuffer(base64.b64decode(value["~array"]), dtype=value["~dtype"]).reshape(value["~shape"]).copy()
    return value


def encode(state: dict[str, Any]) -> bytes:
    """Bytes of a nested state; floats and NaN survive exactly."""
    return zlib.compress(json.dumps({"version": VERSION, "state": state}, default=_plain, separators=(",", ":")).encode(), 1)


def decode(blob: bytes) -> dict[str, Any]:
    """The state that `encode` was given. Raises UnreadableSnapshot on anything else."""
    try:
        whole = json.loads(zlib.decompress(blob), object_hook=_rich)
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise UnreadableSnapshot(str(error)) from error
    if not isinstance(whole, dict) or whole.get("version") != VERSION:
        raise UnreadableSnapshot("made by another version")
    state: dict[str, Any] = whole["state"]
    return state
