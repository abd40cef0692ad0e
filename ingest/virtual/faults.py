"""What goes wrong with a strap, and when: a fault script, the same words typed by hand, or dice.

Knows kinds of faults and how they are written; knows nothing of straps, which only see the values made here. All times are seconds of
strap time, so that a script means the same at any speed.
"""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from somalink.domain.errors import BadInput

HOUR_S = 3600.0
MALFORMED = bytes.fromhex("104801")
"""Intervals are announced and half of one comes: no decoder can read it."""
MOST_BY_S = 10 * 365 * 24 * HOUR_S
PAUSE = 0.2
"""Share of a slot left free before its fault, so that each has time to be recovered from."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that goes wrong. `lasts`: least and most seconds when dice choose; None where it has no length."""

    name: str
    lasts: tuple[float, float] | None
    meaning: str
    takes: str = "for_s"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("drop", (0.5, 5.0), "the strap ends the link and is back after for_s"),
        Kind("silence", (6.0, 15.0), "connected, and not a word for for_s"),
        Kind("refuse", (2.0, 10.0), "the link is dropped, and connections fail for for_s"),
        Kind("away", (5.0, 30.0), "out of reach for for_s: the link is lost and nothing advertises"),
        Kind("strap_off", (60.0, 180.0), "no contact for for_s; after 45 s an H10 falls asleep"),
        Kind("late", (2.0, 8.0), "notifications held back for for_s, then sent in a bunch"),
        Kind("garbage", None, "malformed bytes, once or once a second for for_s"),
        Kind("battery", None, "the battery is at this level from now on", takes="percent"),
        Kind("no_stream", (5.0, 30.0), "a stream that is asked for in for_s is refused"),
        Kind("stream_stops", (6.0, 30.0), "streams fall silent for for_s; the heart rate goes on"),
        Kind("frozen", (20.0, 60.0), "the heart rate stays at its last value for for_s; optical intervals are marked as disturbed"),
        Kind("no_reply", (5.0, 30.0), "what is asked for in for_s is neither answered nor done"),
        Kind("clock_jump", None, "the device's own clock is set by by_s seconds", takes="by_s"),
    )
}
DICE = ("drop", "silence", "refuse")
"""What dice choose from unless told otherwise."""
TAKEN = frozenset(("kind", "at_s", "for_s", "percent", "by_s", "bytes", "strap"))
HELP = f'write it as\n[[fault]]\nat_s = 120\nkind = "drop"    # {", ".join(KINDS)}\nfor_s = 3'


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of strap number `strap` (from 1), `at_s` into it."""

    kind: str
    at_s: float = 0.0
    for_s: float = 0.0
    percent: int | None = None
    payload: bytes = MALFORMED
    strap: int = 1
    by_s: float | None = None


def read_faults(path: Path) -> tuple[Fault, ...]:
    """The script in a file, in order of time. BadInput names the line and what to write there."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: the fault script cannot be read ({error})", next_step="give a TOML file that is there and is text") from None
    return parse_faults(text, str(path))


def parse_faults(text: str, name: str = "the fault script") -> tuple[Fault, ...]:
    """The same of its text.

    >>> parse_faults('[[fault]]\\nat_s = 120\\nkind = "drop"\\nfor_s = 3')[0].for_s
    3.0
    """
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name}: not TOML: {error}", next_step=HELP) from None
    lines = Lines(name, text)
    rows = said.pop("fault", [])
    if said or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{name}, {lines.of(None, next(iter(said), 'fault'))}: only [[fault]] tables are known here", next_step=HELP)
    made = [_fault(row, lines, number) for number, row in enumerate(rows)]
    return tuple(sorted(made, key=lambda fault: fault.at_s))


@dataclass(frozen=True, slots=True)
class Lines:
    """Where a key of the n-th table stands, for whoever has to mend it."""

    name: str
    text: str

    def of(self, table: int | None, key: str) -> str:
        """`line 7`: of the key, else of its table's head."""
        rows = self.text.split("\n")
        heads = [at for at, row in enumerate(rows) if re.match(r"\s*\[\[\s*fault\s*\]\]", row)]
        first, stop = (0, len(rows)) if table is None or table >= len(heads) else (heads[table], (*heads, len(rows))[table + 1])
        found = next((at for at in range(first, stop) if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", rows[at])), first)
        return f"line {found + 1}"

    def bad(self, table: int, key: str, what: str, fix: str) -> BadInput:
        return BadInput(f"{self.name}, {self.of(table, key)}: {what}", next_step=fix)


def _fault(row: Mapping[str, Any], lines: Lines, table: int) -> Fault:
    for key in row.keys() - TAKEN:
        raise lines.bad(table, key, f"{key!r} is no word of a fault", f"leave it out, or use one of {', '.join(sorted(TAKEN))}")
    kind = KINDS.get(row.get("kind", ""))
    if kind is None:
        raise lines.bad(table, "kind", f"kind is {row.get('kind')!r}", f"give one of {', '.join(KINDS)}")
    if "at_s" not in row:
        raise lines.bad(table, "at_s", "at_s is missing", "say when it happens, in seconds from the start: at_s = 120")
    return Fault(
        kind=kind.name,
        at_s=_seconds(row, "at_s", lines, table),
        for_s=_seconds(row, "for_s", lines, table),
        percent=_percent(row, kind, lines, table),
        payload=_payload(row, lines, table),
        strap=_strap(row, lines, table),
        by_s=_by(row, kind, lines, table),
    )


def _seconds(row: Mapping[str, Any], key: str, lines: Lines, table: int) -> float:
    value = row.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise lines.bad(table, key, f"{key} is {value!r}, no number of seconds", f"give seconds from 0 on: {key} = 3")
    return float(value)


def _percent(row: Mapping[str, Any], kind: Kind, lines: Lines, table: int) -> int | None:
    value = row.get("percent")
    if (value is None) != (kind.takes != "percent"):
        wanted = "needs percent" if value is None else "takes no percent"
        raise lines.bad(table, "percent", f"{kind.name} {wanted}", "write percent = 9 with battery, and nowhere else")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100):
        raise lines.bad(table, "percent", f"percent is {value!r}", "give a whole number from 0 to 100")
    return value


def _by(row: Mapping[str, Any], kind: Kind, lines: Lines, table: int) -> float | None:
    value = row.get("by_s")
    if (value is None) != (kind.takes != "by_s"):
        wanted = "needs by_s" if value is None else "takes no by_s"
        raise lines.bad(table, "by_s", f"{kind.name} {wanted}", "write by_s = -3600 with clock_jump, and nowhere else")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MOST_BY_S):
        raise lines.bad(table, "by_s", f"by_s is {value!r}", "give seconds, at most ten years: by_s = -3600")
    return None if value is None else float(value)


def _payload(row: Mapping[str, Any], lines: Lines, table: int) -> bytes:
    value = row.get("bytes", MALFORMED.hex())
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        raise lines.bad(table, "bytes", f"bytes is {value!r}, no hexadecimal text", 'write it as bytes = "10 48 01"') from None


def _strap(row: Mapping[str, Any], lines: Lines, table: int) -> int:
    value = row.get("strap", 1)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise lines.bad(table, "strap", f"strap is {value!r}", "give the number of the recording on the command line, from 1")
    return value


def parse_words(words: str) -> Fault:
    """A fault as it is typed to a running strap: its kind, then seconds (or percent); a strap's number may stand first.

    >>> parse_words("2 silence 5")
    Fault(kind='silence', at_s=0.0, for_s=5.0, percent=None, payload=b'\\x10H\\x01', strap=2, by_s=None)
    """
    parts = words.split()
    strap = int(parts.pop(0)) if parts and parts[0].isdecimal() else 1
    kind = KINDS.get(parts[0]) if parts else None
    if kind is None or len(parts) > 2 or strap < 1:
        raise BadInput(f"{words!r} is no fault", next_step=f"say one of {', '.join(KINDS)}, and for how many seconds: silence 5")
    value = parts[1] if len(parts) > 1 else None
    try:
        if kind.takes == "percent":
            percent = int(value or "")
            if not 0 <= percent <= 100:
                raise ValueError
            return Fault(kind.name, percent=percent, strap=strap)
        if kind.takes == "by_s":
            by_s = float(value or "")
            if not abs(by_s) <= MOST_BY_S:
                raise ValueError
            return Fault(kind.name, by_s=by_s, strap=strap)
        for_s = float(value or 0)
        if not 0 <= for_s < math.inf:
            raise ValueError
    except ValueError:
        raise BadInput(f"{words!r}: {value!r} does not fit {kind.name}", next_step=f"{kind.name} takes {kind.takes}, a number: {kind.name} 5") from None
    return Fault(kind.name, for_s=for_s, strap=strap)


def random_faults(seed: int, hours: float, per_hour: float, kinds: Sequence[str] = DICE, *, strap: int = 1) -> tuple[Fault, ...]:
    """Faults spread over `hours`, every kind equally often, never two at once. The same seed throws the same ones."""
    unknown = [kind for kind in kinds if kind not in KINDS or KINDS[kind].lasts is None]
    if unknown or not kinds:
        raise BadInput(f"no dice for {', '.join(unknown) or 'nothing'}", next_step=f"choose from {', '.join(_thrown(KINDS.values()))}")
    dice = np.random.default_rng(seed)
    count = round(hours * per_hour)
    slot_s = hours * HOUR_S / max(count, 1)
    chosen = dice.permutation([kinds[at % len(kinds)] for at in range(count)]).tolist()
    return tuple(_thrown_into(at * slot_s, slot_s, KINDS[kind], dice, strap) for at, kind in enumerate(chosen))


def _thrown(kinds: Iterable[Kind]) -> list[str]:
    return [kind.name for kind in kinds if kind.lasts is not None]


def _thrown_into(from_s: float, slot_s: float, kind: Kind, dice: np.random.Generator, strap: int) -> Fault:
    """One fault somewhere in its slot, with room before and after it; to the millisecond."""
    assert kind.lasts is not None
    for_s = min(dice.uniform(*kind.lasts), slot_s * (1 - 2 * PAUSE))
    at_s = from_s + dice.uniform(slot_s * PAUSE, slot_s * (1 - PAUSE) - for_s)
    return Fault(kind.name, round(at_s, 3), round(for_s, 3), strap=strap)
