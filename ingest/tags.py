"""What people say, from plain words: events of a folder, tags typed on a command line, ratings, plans and sessions.

Pure: knows the words of `domain.catalogue` and how to read times and numbers; knows no clock (`now_ns` is given), file or store.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from somalink.domain.catalogue import ACTIONS, CERTAINTIES_S, CONTEXTS, KINDS, NEEDS, SENSATIONS, THEMES, WITH_WHOM
from somalink.domain.errors import BadInput
from somalink.domain.identity import digest
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Event

FAR_S = 400 * 86_400.0
"""An event further from its recording's start than this has no readable time."""
LISTS: Mapping[str, Sequence[str]] = {"sensations": SENSATIONS, "with_whom": WITH_WHOM, "context": CONTEXTS}
CHOICES: Mapping[str, Sequence[str]] = {"action": ACTIONS, "theme": THEMES, "need": NEEDS}
SCALES = ("distress", "belonging", "expectancy", "planned_distress")
SWITCHES = ("spoken", "blind")
TRUE = frozenset(("1", "true", "yes"))
FALSE = frozenset(("0", "false", "no"))
ROW_COLUMNS = ("t_s", "kind", "t_end_s", "made_at_s", "certainty_s", *SCALES, *LISTS, *CHOICES, *SWITCHES, "source", "note", "id", "revision")


@dataclass(frozen=True, slots=True)
class ReadEvents:
    """Events of a folder, how many rows had no readable time, and what was noticed."""

    events: tuple[Event, ...]
    refused: int
    notices: tuple[str, ...]


def read_events(name: str, header: Sequence[str], lines: Sequence[tuple[int, list[str]]], *, person: str, recording: str, start_ns: int) -> ReadEvents:
    """Events of the rows of an `events.csv`; the same rows give the same UUIDs."""
    if "t_s" not in header:
        raise BadInput(f"{name}, line 1: has no column t_s", next_step="the first line must name the columns, as in t_s,kind,t_end_s,note")
    notices = [f"{name}: column {column!r} is not known and was left out" for column in header if column not in ROW_COLUMNS]
    events: list[Event] = []
    seen: Counter[str] = Counter()
    refused = 0
    for line, fields in lines:
        row = {column: value.strip() for column, value in zip(header, fields, strict=False)}
        t_ns = _when(row.get("t_s", ""), start_ns)
        if t_ns is None:
            refused += 1
            notices.append(f"{name}, line {line}: no readable time; the row was refused")
            continue
        content = digest(recording, *fields)
        seen[content] += 1
        said, odd = _fields(row)
        notices.extend(f"{name}, line {line}: {what}" for what in odd)
        end_ns, made_ns = _when(row.get("t_end_s", ""), start_ns), _when(row.get("made_at_s", ""), start_ns)
        received = made_ns if made_ns is not None else end_ns if end_ns is not None else t_ns
        name_of = row.get("id") or stable_uuid(content, seen[content])
        events.append(Event(id=name_of, person=person, t_ns=t_ns, t_end_ns=end_ns, made_at_ns=received, received_ns=received, **said))
    return ReadEvents(tuple(events), refused, tuple(notices))


def stable_uuid(*parts: object) -> str:
    """A UUID that is the same for the same parts: what a folder says has no client that could have drawn one."""
    return str(uuid.UUID(hex=digest(*parts), version=5))


def _when(text: str, start_ns: int) -> int | None:
    seconds = _number(text)
    return None if seconds is None or abs(seconds) > FAR_S else start_ns + round(seconds * SECOND_NS)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _fields(row: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """What a row says beside its times, and what it says that is not known."""
    odd: list[str] = []
    said: dict[str, Any] = {"kind": row.get("kind", ""), "source": row.get("source") or "recording", "note": row.get("note", "")}
    if said["kind"] not in KINDS:
        odd.append(f"kind {said['kind']!r} is not known and is kept as 'other'")
        said["kind"] = "other"
    for key in SCALES:
        if row.get(key):
            value = _number(row[key])
            if value is not None and value == round(value) and 0 <= value <= 10:
                said[key] = int(value)
            else:
                odd.append(f"{key} is not a whole number from 0 to 10 and was left out")
    for key, words in LISTS.items():
        given = [word for word in row.get(key, "").split(";") if word]
        said[key] = tuple(word for word in given if word in words)
        odd.extend(f"{key}: {word!r} is not known and was left out" for word in given if word not in words)
    for key, words in CHOICES.items():
        if row.get(key):
            if row[key] in words:
                said[key] = row[key]
            else:
                odd.append(f"{key}: {row[key]!r} is not known and was left out")
    for key in SWITCHES:
        if row.get(key):
            said[key] = row[key].lower() in TRUE if row[key].lower() in TRUE | FALSE else None
    certainty, revision = _number(row.get("certainty_s", "")), _number(row.get("revision", ""))
    if certainty is not None and certainty > 0:
        said["certainty_s"] = min(CERTAINTIES_S, key=lambda known: abs(known - certainty))
    if revision is not None and revision >= 1:
        said["revision"] = int(revision)
    return said, odd
