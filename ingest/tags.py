"""What people say, from plain words: tags typed or found in a folder, ratings, plans, sessions, and the edits of a tag.

Pure: knows the words of `domain.catalogue` and how numbers and lists are written; is handed the time and the id, and knows no clock,
file or store. Typed words that are not known are a UsageError that lists the known ones; in a folder they are a notice.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ingest.when import parse_ahead, parse_when
from somalink.domain.catalogue import ACTIONS, CERTAINTIES_S, CONTEXTS, KINDS, NEEDS, RATING_KINDS, SENSATIONS, SESSION_KINDS, THEMES, WITH_WHOM
from somalink.domain.errors import BadInput, UsageError
from somalink.domain.identity import digest
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Event, Plan, Rating, Session

Parse = Callable[[str], Any]

# ---------------------------------------------------------------- words


def one_of(what: str, words: Sequence[str]) -> Parse:
    """A parser of one word of a closed list."""

    def parse(text: str) -> str:
        word = _plain(text)
        if word not in words:
            raise UsageError(f"{what} {text.strip()!r} is not known", next_step=f"choose from: {' '.join(words)}")
        return word

    return parse


def some_of(what: str, words: Sequence[str]) -> Parse:
    """A parser of several words, set apart by `;` or `,`; each counts once."""
    one = one_of(what, words)

    def parse(text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one(part) for part in text.replace(",", ";").split(";") if part.strip()))

    return parse


def scale(what: str) -> Parse:
    """A parser of a whole number from 0 to 10."""

    def parse(text: str) -> int:
        value = _number(text)
        if value is None or value != round(value) or not 0 <= value <= 10:
            raise UsageError(f"{what} is not a whole number from 0 to 10", next_step="0 is none at all, 10 the most you can imagine")
        return int(value)

    return parse


def yes_or_no(text: str) -> bool:
    """`yes true 1` or `no false 0`."""
    said = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(_plain(text))
    if said is None:
        raise UsageError(f"{text.strip()!r} is neither yes nor no", next_step="write yes or no")
    return said


CERTAINTY_WORDS = {"1": 60, "5": 300, "15": 900, "45": 2700, "part_of_day": 10800}
"""How sure somebody is of a time, in minutes, as people choose it (contracts, section 9)."""


def certainty(text: str) -> int:
    """Seconds of `1`, `5`, `15`, `45` (minutes, also `5 min`) or `part-of-day`."""
    word = _plain(text).removesuffix("min").rstrip("_")
    if word not in CERTAINTY_WORDS:
        raise UsageError(f"certainty {text.strip()!r} is not known", next_step="choose from: 1 5 15 45 (minutes) part-of-day")
    return CERTAINTY_WORDS[word]


def certainty_s(text: str) -> int:
    """The known certainty nearest to a number of seconds, as folders give it."""
    value = _number(text)
    if value is None or value <= 0:
        raise UsageError("certainty_s is not a number of seconds")
    return min(CERTAINTIES_S, key=lambda known: abs(known - value))


def revision(text: str) -> int:
    """1 and up."""
    value = _number(text)
    if value is None or value < 1:
        raise UsageError("revision is not a whole number from 1 on")
    return int(value)


WORDS: Mapping[str, Parse] = {
    "kind": one_of("kind", KINDS),
    "distress": scale("distress"),
    "belonging": scale("belonging"),
    "expectancy": scale("expectancy"),
    "planned_distress": scale("planned_distress"),
    "sensations": some_of("sensation", SENSATIONS),
    "with_whom": some_of("with_whom", WITH_WHOM),
    "context": some_of("context", CONTEXTS),
    "action": one_of("action", ACTIONS),
    "theme": one_of("theme", THEMES),
    "need": one_of("need", NEEDS),
    "spoken": yes_or_no,
    "blind": yes_or_no,
    "note": str.strip,
}
"""What may be said of an event beside its times, and how it is read; the keys are fields of `Event`."""
ROW_COLUMNS = (
    "t_s",
    "kind",
    "t_end_s",
    "made_at_s",
    "certainty_s",
    *(name for name in WORDS if name not in ("kind", "note")),
    "source",
    "note",
    "id",
    "revision",
)
"""Columns of a folder's events.csv."""
ROW_WORDS: Mapping[str, Parse] = {**WORDS, "certainty_s": certainty_s, "source": str.strip, "revision": revision}
UNSAID: Mapping[str, Any] = {field.name: field.default for field in fields(Event)}


def _plain(text: str) -> str:
    return text.strip().lower().replace("-", "_").replace(" ", "_")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


# ---------------------------------------------------------------- typed


def tag(said: Mapping[str, str], *, id: str, person: str, now_ns: int, offset_s: int, source: str = "cli") -> Event:
    """The event that typed words mean. Keys: fields of WORDS, `when`, `until`, `certainty`; what is left out or empty was not said."""
    given = {key: text for key, text in said.items() if text.strip()}
    if "kind" not in given:
        raise UsageError("a tag needs a kind", next_step=f"choose from: {' '.join(KINDS)}")
    t_ns, sure = parse_when(given.get("when", "now"), now_ns=now_ns, offset_s=offset_s)
    event = Event(
        id=id, person=person, kind="other", t_ns=t_ns, made_at_ns=now_ns, received_ns=now_ns, source=source, certainty_s=sure or UNSAID["certainty_s"]
    )
    return _checked(replace(event, **_changes(given, now_ns=now_ns, offset_s=offset_s, skip=("when",))))


def edit(event: Event, said: Mapping[str, str], *, now_ns: int, offset_s: int) -> Event:
    """The next revision of a tag. An empty text unsays a field; `kind` and `when` cannot be unsaid. The UUID stays."""
    changed = _changes(said, now_ns=now_ns, offset_s=offset_s)
    return _checked(replace(event, **changed, revision=event.revision + 1, made_at_ns=now_ns, received_ns=now_ns))


def delete(event: Event, *, now_ns: int) -> Event:
    """The revision that takes a tag back; it is kept, marked, so that copies elsewhere learn of it."""
    return replace(event, deleted=True, revision=event.revision + 1, made_at_ns=now_ns, received_ns=now_ns)


def _changes(said: Mapping[str, str], *, now_ns: int, offset_s: int, skip: Sequence[str] = ()) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for key, text in said.items():
        if key in skip:
            continue
        if key == "when":
            changed["t_ns"], sure = parse_when(text, now_ns=now_ns, offset_s=offset_s)
            changed |= {"certainty_s": sure} if sure else {}
        elif key == "until":
            changed["t_end_ns"] = parse_when(text, now_ns=now_ns, offset_s=offset_s)[0] if text.strip() else None
        elif key == "certainty":
            changed["certainty_s"] = certainty(text) if text.strip() else UNSAID["certainty_s"]
        elif key not in WORDS:
            raise UsageError(f"a tag has no field {key!r}", next_step=f"choose from: {' '.join(('when', 'until', 'certainty', *WORDS))}")
        else:
            changed[key] = WORDS[key](text) if text.strip() or key == "kind" else UNSAID[key]
    if "certainty" in said and said["certainty"].strip():
        changed["certainty_s"] = certainty(said["certainty"])
    return changed


def _checked(event: Event) -> Event:
    if event.t_end_ns is not None and event.t_end_ns < event.t_ns:
        raise UsageError("the tag would end before it begins", next_step="give --until a time after --when")
    return event


def rating(kind: str, value: str, *, id: str, person: str, now_ns: int, t_ns: int | None = None, prompt_id: str = "", blind: bool | None = None) -> Rating:
    """A rating from 0 to 10 of one of RATING_KINDS, of now unless `t_ns` is given."""
    name = one_of("rating", RATING_KINDS)(kind)
    return Rating(id, person, now_ns if t_ns is None else t_ns, name, scale(name)(value), now_ns, prompt_id, blind)


def plan(step: str, said: Mapping[str, str], *, id: str, person: str, now_ns: int, offset_s: int) -> Plan:
    """A step to come: `step` in the person's own words; keys of `said`: `when` (needed), `kind`, `until`, `planned_distress`, `expectancy`."""
    known = ("when", "kind", "until", "planned_distress", "expectancy")
    unknown = [key for key in said if key not in known]
    if unknown or not step.strip() or not said.get("when", "").strip():
        what = f"a plan has no field {unknown[0]!r}" if unknown else "a plan needs a step and a time"
        raise UsageError(what, next_step=f'write a step, and a time as in --when "tomorrow 18:00"; fields: {" ".join(known)}')
    t_ns = parse_ahead(said["when"], now_ns=now_ns, offset_s=offset_s)
    until = parse_ahead(said["until"], now_ns=now_ns, offset_s=offset_s) if said.get("until") else None
    if until is not None and until < t_ns:
        raise UsageError("the plan would end before it begins", next_step="give --until a time after --when")
    numbers = {key: WORDS[key](said[key]) for key in ("planned_distress", "expectancy") if said.get(key)}
    return Plan(id, person, step.strip(), WORDS["kind"](said.get("kind") or "exposure_step"), t_ns, t_end_ns=until, **numbers)


def session(kind: str, *, id: str, person: str, start_ns: int, stop_ns: int, rate: float | None = None, prompt_id: str = "", outcome: str = "") -> Session:
    """An exercise as done; `rate` in breaths a minute."""
    if stop_ns <= start_ns:
        raise UsageError("the session would end before it begins", next_step="give a length of a minute or more")
    if rate is not None and not 2 <= rate <= 30:
        raise UsageError(f"a rate of {rate:g} breaths a minute is not one to practise", next_step="give a rate from 2 to 30, usually 4.5 to 7")
    return Session(id, person, start_ns, stop_ns, one_of("session", SESSION_KINDS)(kind), rate=rate, prompt_id=prompt_id, outcome=outcome)


# ---------------------------------------------------------------- found in a folder

FAR_NS = 400 * 1440 * MINUTE_NS
"""A time further from its recording's start than this is not readable as one."""


@dataclass(frozen=True, slots=True)
class ReadEvents:
    """Events of a folder, how many rows had no readable time, and what was noticed."""

    events: tuple[Event, ...]
    refused: int
    notices: tuple[str, ...]


def read_events(name: str, header: Sequence[str], lines: Sequence[tuple[int, list[str]]], *, person: str, recording: str, start_ns: int) -> ReadEvents:
    """Events of the rows of an `events.csv`; the same rows of the same recording give the same UUIDs."""
    if "t_s" not in header:
        raise BadInput(f"{name}, line 1: has no column t_s", next_step="the first line must name the columns, as in t_s,kind,t_end_s,note")
    notices = [f"{name}: column {column!r} is not known and was left out" for column in header if column not in ROW_COLUMNS]
    events: list[Event] = []
    seen: Counter[str] = Counter()
    refused = 0
    for line, cells in lines:
        row = {column: text.strip() for column, text in zip(header, cells, strict=False)}
        t_ns = _moment(row.get("t_s", ""), start_ns)
        if t_ns is None:
            refused += 1
            notices.append(f"{name}, line {line}: no readable time; the row was refused")
            continue
        content = digest(recording, *cells)
        seen[content] += 1
        said, odd = _said(row)
        notices.extend(f"{name}, line {line}: {what}" for what in odd)
        end_ns, made_ns = _moment(row.get("t_end_s", ""), start_ns), _moment(row.get("made_at_s", ""), start_ns)
        known_ns = next(moment for moment in (made_ns, end_ns, t_ns) if moment is not None)
        uid = row.get("id") or stable_uuid(content, seen[content])
        events.append(Event(id=uid, person=person, t_ns=t_ns, t_end_ns=end_ns, made_at_ns=known_ns, received_ns=known_ns, **said))
    return ReadEvents(tuple(events), refused, tuple(notices))


def stable_uuid(*parts: object) -> str:
    """A UUID that is the same for the same parts: what a folder says has no client that could have drawn one."""
    return str(uuid.UUID(hex=digest(*parts), version=5))


def _moment(text: str, start_ns: int) -> int | None:
    seconds = _number(text)
    since = None if seconds is None else round(seconds * SECOND_NS)
    return None if since is None or abs(since) > FAR_NS else start_ns + since


def _said(row: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """What a row says beside its times, and what it says that is not known and is left out (a kind: kept as `other`)."""
    said: dict[str, Any] = {"kind": "other", "source": "recording"}
    odd: list[str] = [] if row.get("kind") else ["no kind; kept as 'other'"]
    for key, parse in ROW_WORDS.items():
        if row.get(key):
            try:
                said[key] = parse(row[key])
            except UsageError as error:
                odd.append(f"{error.what}; {'kept as other' if key == 'kind' else 'left out'}")
    return said, odd
