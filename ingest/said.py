"""Ratings, answers, sessions, plans and prompts as tables of an export: rows of words and numbers -> what the person said.

Knows the columns of contracts section 7; knows nothing of files. A row that cannot be read is left out, with a notice that names its line.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from ingest import tags
from somalink.domain.catalogue import KINDS, RATING_KINDS, SESSION_KINDS
from somalink.domain.errors import UsageError
from somalink.domain.types import Answer, Plan, Prompt, Rating, Session

Said = Rating | Answer | Session | Plan | Prompt
FIRST_NS, LAST_NS = -(2**62), 2**62


def moment(text: str) -> int:
    """UTC ns."""
    t_ns = int(text)
    if not FIRST_NS < t_ns < LAST_NS:
        raise ValueError(text)
    return t_ns


def number(text: str) -> float:
    """A number that is one: neither endless nor `nan`."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a table become records: a reader for each column that is no plain text, and columns that stand in for fields.

    `span`: columns of a beginning and an end, where there are such; what ends before it begins is no record.
    """

    record: Callable[..., Said]
    read: Mapping[str, Callable[[str], Any]]
    stand_in: Mapping[str, str] = field(default_factory=dict)
    span: tuple[str, str] | None = None


TABLES: Mapping[str, Layout] = {
    "ratings": Layout(
        Rating, {"t_ns": moment, "kind": tags.one_of("rating", RATING_KINDS), "value": tags.scale("value"), "blind": tags.yes_or_no}, {"received_ns": "t_ns"}
    ),
    "answers": Layout(Answer, {"received_ns": moment}),
    "sessions": Layout(
        Session,
        {
            "revision": tags.revision,
            "start_ns": moment,
            "stop_ns": moment,
            "kind": tags.one_of("session", SESSION_KINDS),
            "rate": number,
            "in_s": number,
            "ex_s": number,
        },
        span=("start_ns", "stop_ns"),
    ),
    "plans": Layout(
        Plan,
        {
            "revision": tags.revision,
            "kind": tags.one_of("kind", KINDS),
            "t_ns": moment,
            "t_end_ns": moment,
            "planned_distress": tags.scale("planned_distress"),
            "expectancy": tags.scale("expectancy"),
        },
        span=("t_ns", "t_end_ns"),
    ),
    "prompts": Layout(Prompt, {"t_ns": moment, "eligible": tags.yes_or_no, "probability": number, "shown_ns": moment, "answered_ns": moment}),
}


def read(table: str, name: str, header: Sequence[str], lines: Sequence[tuple[int, list[str]]], *, person: str) -> tuple[list[Said], list[str]]:
    """Records of the rows of `name`, all of `person`, and what was noticed."""
    layout = TABLES[table]
    known = [asked.name for asked in fields(layout.record)]  # type: ignore[arg-type]
    notices = [f"{name}: column {column!r} is not known and was left out" for column in header if column not in known]
    records: list[Said] = []
    for line, cells in lines:
        row = {column: text.strip() for column, text in zip(header, cells, strict=False) if text.strip()}
        try:
            records.append(_record(layout, row, known, person))
        except (ValueError, OverflowError, UsageError) as error:
            what = error.what if isinstance(error, UsageError) else "a number or a field is missing or not readable"
            notices.append(f"{name}, line {line}: {what}; the row was left out")
    return records, notices


def _record(layout: Layout, row: Mapping[str, str], known: Sequence[str], person: str) -> Said:
    values: dict[str, Any] = {key: layout.read.get(key, str)(text) for key, text in row.items() if key in known}
    values["person"] = person
    for key, instead in layout.stand_in.items():
        values.setdefault(key, values.get(instead))
    for asked in fields(layout.record):  # type: ignore[arg-type]
        if asked.default is MISSING and values.get(asked.name) is None:
            if asked.type != "str":
                raise ValueError(asked.name)
            values[asked.name] = ""
    _check_span(layout, values)
    return layout.record(**values)


def _check_span(layout: Layout, values: Mapping[str, Any]) -> None:
    if layout.span is not None:
        begin, end = (values.get(name) for name in layout.span)
        if end is not None and begin is not None and end < begin:
            raise UsageError("it would end before it begins")
