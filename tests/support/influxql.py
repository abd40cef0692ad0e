"""Answers InfluxQL over plain rows, as far as our panels ask: the second road by which a panel's numbers are known.

Written from InfluxDB's documentation (docs.influxdata.com, InfluxQL: the SELECT statement, functions, time syntax), not from a server; that a real
one answers the same is what `tests/influx/test_influxql.py` holds. Knows nothing of our measurements, dashboards or store.

    answer('SELECT mean("x") FROM "m" WHERE time >= 0ms AND time <= 60000ms GROUP BY time(30s), "who" fill(null)', {"m": table})
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

Row = tuple[int, Mapping[str, str], Mapping[str, Any]]
"""When (ns), tags, and the fields that are known."""
Value = Any
"""float, str, bool or None (not known)."""

UNITS_NS = {"ns": 1, "u": 10**3, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9, "w": 7 * 86400 * 10**9}
SELECTORS = ("first", "last", "min", "max", "percentile")
"""They give a value of a row: alone, they keep that row's time and can bring its other fields."""


SURE_AROUND = ("sum", "count", "mean", "min", "max")
"""What a server answers rightly in windows around windows of several series; of the rest it repeats rows (2.7.12)."""


class NotInOurSubset(ValueError):
    """A query says what this evaluator does not read."""


# ---------------------------------------------------------------- rows as columns


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of one measurement in order of time. `tags`: texts, empty where a row has none; `fields`: float64 with NaN, or objects with None."""

    t_ns: np.ndarray
    tags: Mapping[str, np.ndarray]
    fields: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Table:
        listed = sorted(rows, key=lambda row: row[0])
        tags = dict.fromkeys(name for _, known, _ in listed for name in known)
        names = dict.fromkeys(name for _, _, known in listed for name in known)
        return cls(
            np.array([t for t, _, _ in listed], dtype=np.int64),
            {name: _texts([known.get(name, "") for _, known, _ in listed]) for name in tags},
            {name: column([known.get(name) for _, _, known in listed]) for name in names},
        )

    @classmethod
    def concat(cls, tables: Sequence[Table]) -> Table:
        """In order of time; a column that one of them lacks is not known there."""
        n = [len(table) for table in tables]
        tags = dict.fromkeys(name for table in tables for name in table.tags)
        names = dict.fromkeys(name for table in tables for name in table.fields)
        t_ns = np.concatenate([*(table.t_ns for table in tables), np.zeros(0, np.int64)])
        order = np.argsort(t_ns, kind="stable")

        def joined(name: str, of: str) -> np.ndarray:
            parts = [getattr(table, of).get(name) for table in tables]
            plain = all(part is None or part.dtype.kind == "f" for part in parts) and of == "fields"
            empty: Any = np.nan if plain else "" if of == "tags" else None
            filled = [np.full(count, empty, float if plain else object) if part is None else part for part, count in zip(parts, n, strict=True)]
            return np.concatenate([part if plain else part.astype(object) for part in filled])[order]

        return cls(t_ns[order], {name: joined(name, "tags") for name in tags}, {name: joined(name, "fields") for name in names})

    def __len__(self) -> int:
        return len(self.t_ns)

    def take(self, which: np.ndarray) -> Table:
        return Table(self.t_ns[which], {k: v[which] for k, v in self.tags.items()}, {k: v[which] for k, v in self.fields.items()})

    def rows(self) -> Iterator[Row]:
        """Only what is known."""
        tags = {name: each.tolist() for name, each in self.tags.items()}
        fields = {name: each.tolist() for name, each in self.fields.items()}
        for k, t in enumerate(self.t_ns.tolist()):
            own = {name: each[k] for name, each in tags.items() if each[k] != ""}
            yield t, own, {name: value for name, each in fields.items() if (value := each[k]) is not None and value == value}


def column(values: Sequence[Value]) -> np.ndarray:
    """Floats where nothing else is in it."""
    if all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return _texts(values)


def _texts(values: Sequence[Value]) -> np.ndarray:
    made = np.empty(len(values), dtype=object)
    made[:] = list(values)
    return made


def known(values: np.ndarray) -> np.ndarray:
    return ~np.isnan(values) if values.dtype.kind == "f" else np.array([value is not None for value in values], dtype=bool)


# ---------------------------------------------------------------- what was asked


@dataclass(frozen=True)
class Ref:
    name: str


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Call:
    name: str
    of: Ref
    n: float = 0.0
    distinct: bool = False
    rise: bool = False
    """`non_negative_difference` of it: less the value of the window before, left out where it fell."""


@dataclass(frozen=True)
class Size:
    """`abs` of it."""

    of: Expression


@dataclass(frozen=True)
class Sum:
    """`left` and `right` joined by one of + - * /."""

    sign: str
    left: Expression
    right: Expression


Expression = Ref | Number | Call | Sum | Size


@dataclass(frozen=True)
class Test:
    name: str
    sign: str
    value: Any


@dataclass(frozen=True)
class Both:
    word: str
    left: Condition
    right: Condition


Condition = Test | Both


@dataclass(frozen=True)
class Select:
    columns: tuple[tuple[str, Expression], ...]
    source: str | Select
    where: Condition | None = None
    every_ns: int = 0
    offset_ns: int = 0
    by: tuple[str, ...] = ()
    fill: Any = None
    """What stands in a window without a value. None: nothing; "none": there is no row; or a number."""
    newest_first: bool = False
    limit: int = 0
    zone: str = ""

    def calls(self) -> list[Call]:
        return [call for _, expression in self.columns for call in _calls(expression)]


@dataclass(frozen=True)
class Series:
    """One of the answer: tags it is grouped by, and rows of time (ns) and columns."""

    tags: Mapping[str, str]
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(compare=False)


def _calls(expression: Expression) -> list[Call]:
    if isinstance(expression, Sum):
        return [*_calls(expression.left), *_calls(expression.right)]
    if isinstance(expression, Size):
        return _calls(expression.of)
    return [expression] if isinstance(expression, Call) else []


def _refs(expression: Expression) -> list[str]:
    if isinstance(expression, Sum):
        return [*_refs(expression.left), *_refs(expression.right)]
    if isinstance(expression, Size):
        return _refs(expression.of)
    return [expression.name] if isinstance(expression, Ref) else [expression.of.name] if isinstance(expression, Call) else []


def names_in(select: Select) -> set[str]:
    """Every field and tag that a query reads, wherever in it, but those by which it only chooses whose."""
    own = {name for _, expression in select.columns for name in _refs(expression)} | set(select.by) | {test.name for test in tests_of(select.where)}
    inner = names_in(select.source) if isinstance(select.source, Select) else set()
    return (own | inner) - {"time"}


def tests_of(where: Condition | None) -> list[Test]:
    if isinstance(where, Both):
        return [*tests_of(where.left), *tests_of(where.right)]
    return [where] if where else []


def where_holds(select: Select, table: Table) -> np.ndarray:
    """(n,) whether the conditions of a query let a row pass, whatever its time."""
    return _passes(select.where, table)


def measurement_of(select: Select) -> str:
    return select.source if isinstance(select.source, str) else measurement_of(select.source)


# ---------------------------------------------------------------- reading


_TOKEN = re.compile(
    r"""\s*(?:(?P<name>"(?:[^"\\]|\\.)*")|(?P<text>'(?:[^'\\]|\\.)*')|(?P<span>(?:\d+(?:ns|us|ms|[usmhdw]))+(?![\w.]))
    |(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)|(?P<sign>=~|!~|<=|>=|!=|<>|[-+*/(),=<>]))""",
    re.VERBOSE,
)
_PATTERN = re.compile(r"\s*/((?:[^/\\]|\\.)*)/")


class _Reader:
    """One query, read from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text.strip(), 0

    def peek(self) -> tuple[str, str]:
        """Kind of the next token, and what it says."""
        found = _TOKEN.match(self.text, self.at)
        if not found:
            if self.text[self.at :].strip():
                raise NotInOurSubset(f"cannot read {self.text[self.at :][:40]!r} of {self.text!r}")
            return "end", ""
        kind = str(found.lastgroup)
        return kind, found.group(kind)

    def next(self) -> tuple[str, str]:
        kind, said = self.peek()
        found = _TOKEN.match(self.text, self.at)
        self.at = found.end() if found else len(self.text)
        return kind, said

    def takes(self, *words: str) -> bool:
        """Whether these words come next; then they are behind us."""
        before = self.at
        for word in words:
            kind, said = self.next()
            if kind not in ("word", "sign") or said.upper() != word.upper():
                self.at = before
                return False
        return True

    def must(self, word: str) -> None:
        if not self.takes(word):
            raise NotInOurSubset(f"{word} expected before {self.text[self.at :][:40]!r} of {self.text!r}")

    def name(self) -> str:
        kind, said = self.next()
        if kind == "name":
            return re.sub(r"\\(.)", r"\1", said[1:-1])
        if kind == "word":
            return said
        raise NotInOurSubset(f"a name expected, not {said!r}, in {self.text!r}")

    def span(self) -> int:
        kind, said = self.next()
        if kind != "span":
            raise NotInOurSubset(f"a length of time expected, not {said!r}, in {self.text!r}")
        return span_ns(said)

    def pattern(self) -> re.Pattern[str]:
        found = _PATTERN.match(self.text, self.at)
        if not found:
            raise NotInOurSubset(f"a pattern expected before {self.text[self.at :][:40]!r}")
        self.at = found.end()
        return re.compile(found.group(1).replace("\\/", "/"))


def span_ns(text: str) -> int:
    """`1h30m` in ns."""
    return sum(int(number) * UNITS_NS[unit] for number, unit in re.findall(r"(\d+)(ns|us|ms|[usmhdw])", text))


def read(text: str) -> Select:
    """A statement of our subset; NotInOurSubset names what is not in it."""
    reader = _Reader(text)
    select = _select(reader)
    if reader.peek()[0] != "end":
        raise NotInOurSubset(f"not read: {reader.text[reader.at :]!r}")
    return select


def _select(reader: _Reader) -> Select:
    reader.must("SELECT")
    columns = [_column(reader)]
    while reader.takes(","):
        columns.append(_column(reader))
    reader.must("FROM")
    source: str | Select
    if reader.takes("("):
        source = _select(reader)
        reader.must(")")
    else:
        source = reader.name()
    where = _condition(reader) if reader.takes("WHERE") else None
    said: dict[str, Any] = _grouping(reader) if reader.takes("GROUP", "BY") else {}
    if reader.takes("fill"):
        said["fill"] = _fill(reader)
    if reader.takes("ORDER", "BY"):
        reader.must("time")
        said["newest_first"] = reader.takes("DESC") or (reader.takes("ASC") and False)
    if reader.takes("LIMIT"):
        said["limit"] = int(reader.next()[1])
    if reader.takes("tz"):
        reader.must("(")
        said["zone"] = reader.next()[1][1:-1]
        reader.must(")")
    return Select(tuple(_named(columns)), source, where, **said)


def _named(columns: Sequence[tuple[str, Expression]]) -> Iterator[tuple[str, Expression]]:
    """A name that was given twice is counted: mean, mean_1."""
    seen: dict[str, int] = {}
    for name, expression in columns:
        yield (f"{name}_{seen[name]}" if name in seen else name), expression
        seen[name] = seen.get(name, 0) + 1


def _column(reader: _Reader) -> tuple[str, Expression]:
    expression = _added(reader)
    return (reader.name() if reader.takes("AS") else _title(expression)), expression


def _title(expression: Expression) -> str:
    if isinstance(expression, Sum):
        return "_".join(title for part in (expression.left, expression.right) if (title := _title(part)))
    if isinstance(expression, Call) and expression.rise:
        return "non_negative_difference"
    return "" if isinstance(expression, Number) else "abs" if isinstance(expression, Size) else expression.name


def _added(reader: _Reader) -> Expression:
    left = _times(reader)
    while reader.peek()[1] in ("+", "-"):
        left = Sum(reader.next()[1], left, _times(reader))
    return left


def _times(reader: _Reader) -> Expression:
    left = _part(reader)
    while reader.peek()[1] in ("*", "/"):
        left = Sum(reader.next()[1], left, _part(reader))
    return left


def _part(reader: _Reader) -> Expression:
    if reader.takes("("):
        inside = _added(reader)
        reader.must(")")
        return inside
    if reader.takes("-"):
        return Number(-float(reader.next()[1]))
    kind, _ = reader.peek()
    if kind == "number":
        return Number(float(reader.next()[1]))
    name = reader.name()
    return _call(reader, name.lower()) if kind == "word" and reader.takes("(") else Ref(name)


def _call(reader: _Reader, name: str) -> Expression:
    if name == "abs":
        inside = _added(reader)
        reader.must(")")
        return Size(inside)
    if name == "non_negative_difference":
        inside = _added(reader)
        reader.must(")")
        if not isinstance(inside, Call):
            raise NotInOurSubset(f"{name} of what is no function")
        return replace(inside, rise=True)
    if name not in FUNCTIONS:
        raise NotInOurSubset(f"{name}() is not one of {', '.join(FUNCTIONS)}")
    distinct = reader.takes("distinct", "(")
    of = Ref(reader.name())
    if distinct:
        reader.must(")")
    n = float(reader.next()[1]) if reader.takes(",") else 0.0
    reader.must(")")
    return Call(name, of, n, distinct)


def _grouping(reader: _Reader) -> dict[str, Any]:
    said: dict[str, Any] = {}
    by: list[str] = []
    while True:
        if reader.takes("time", "("):
            said["every_ns"] = reader.span()
            if reader.takes(","):
                minus = reader.takes("-")
                said["offset_ns"] = -reader.span() if minus else reader.span()
            reader.must(")")
        else:
            by.append(reader.name())
        if not reader.takes(","):
            return {**said, "by": tuple(by)}


def _fill(reader: _Reader) -> Any:
    reader.must("(")
    kind, said = reader.next()
    reader.must(")")
    if kind == "number":
        return float(said)
    if said.lower() not in ("null", "none"):
        raise NotInOurSubset(f"fill({said})")
    return None if said.lower() == "null" else said.lower()


def _condition(reader: _Reader) -> Condition:
    left = _all_of(reader)
    while reader.takes("OR"):
        left = Both("or", left, _all_of(reader))
    return left


def _all_of(reader: _Reader) -> Condition:
    left = _test(reader)
    while reader.takes("AND"):
        left = Both("and", left, _test(reader))
    return left


def _test(reader: _Reader) -> Condition:
    if reader.takes("("):
        inside = _condition(reader)
        reader.must(")")
        return inside
    name, (_, sign) = reader.name(), reader.next()
    if sign in ("=~", "!~"):
        return Test(name, sign, reader.pattern())
    return Test(name, "!=" if sign == "<>" else sign, _literal(reader))


def _literal(reader: _Reader) -> Any:
    """A value; lengths of time may be added up, as in `1700000000000ms + 1d`."""
    value = _value(reader)
    while reader.peek()[1] in ("+", "-"):
        value = value + _value(reader) if reader.next()[1] == "+" else value - _value(reader)
    return value


def _value(reader: _Reader) -> Any:
    kind, said = reader.next()
    if kind == "text":
        return re.sub(r"\\(.)", r"\1", said[1:-1])
    if kind == "span":
        return span_ns(said)
    if kind == "number":
        return float(said) if "." in said else int(said)
    if said == "-":
        return -_value(reader)
    if kind == "word" and said.lower() in ("true", "false"):
        return said.lower() == "true"
    raise NotInOurSubset(f"a value expected, not {said!r}")


# ---------------------------------------------------------------- answering


def answer(query: str | Select, tables: Mapping[str, Table]) -> list[Series]:
    """Every series of the answer, in order of its tags; none where nothing is known, as a server has it."""
    select = read(query) if isinstance(query, str) else query
    start, stop = _range(select.where)
    table = _table_of(select, tables)
    if isinstance(select.source, Select) and not len(table):
        return []
    if isinstance(select.source, Select) and select.every_ns:
        # Without a range of its own it is that of the rows within; a server goes on with empty windows until now.
        start, stop = (int(table.t_ns[0]) if start <= -FOREVER else start), (int(table.t_ns[-1]) if stop >= FOREVER else stop)
    first, last = _seen(select, start, stop)
    found = table.take(np.flatnonzero(_passes(select.where, table) & (table.t_ns >= first) & (table.t_ns <= last)))
    calls = select.calls()
    made = []
    for tags, mine in _groups(select.by, found):
        rows = _aggregated(select, mine, start, stop) if calls else _raw(select, mine)
        rows = rows[::-1] if select.newest_first else rows
        rows = rows[: select.limit] if select.limit else rows
        if rows:
            made.append(Series(tags, ("time", *(name for name, _ in select.columns)), rows))
    return made


def _table_of(select: Select, tables: Mapping[str, Table]) -> Table:
    """A measurement's rows, or those of the query within: that is asked for the same time, and by the tags that are asked for without."""
    if isinstance(select.source, str):
        return tables.get(select.source, Table.of([]))
    if select.every_ns and not select.source.every_ns:
        raise NotInOurSubset("windows around a query without")
    if select.every_ns and (select.newest_first or any(call.name not in SURE_AROUND for call in select.calls())):
        raise NotInOurSubset("windows around windows, the newest first or of an ordered function: a server repeats rows")
    if any(call.name == "count" for call in select.source.calls()) and select.source.every_ns and select.source.fill is None:
        raise NotInOurSubset("a query around counts of windows: that of an empty one is nothing there, and 0 elsewhere")
    where = select.source.where
    for test in tests_of(select.where):
        if test.name == "time":
            where = Both("and", where, test) if where else test
    by = (*select.source.by, *(name for name in select.by if name not in select.source.by))
    inner = answer(replace(select.source, where=where, by=by), tables)
    rows = [(row[0], series.tags, dict(zip(series.columns[1:], row[1:], strict=True))) for series in inner for row in series.rows]
    start = _range(select.where)[0]
    if not select.every_ns and any(t < start and any(value is not None for value in fields.values()) for t, _, fields in rows):
        raise NotInOurSubset("a window that begins before the range that is asked for around it: a server then answers nothing at all")
    return Table.of(rows)


def _seen(select: Select, start: int, stop: int) -> tuple[int, int]:
    """Rows of the query within are seen by whole windows; stored rows are not."""
    if isinstance(select.source, str) or not select.every_ns:
        return start, stop
    edges = _edges(select, start, stop)
    return edges[0], edges[-1] - 1


FOREVER = 2**62


def _range(where: Condition | None) -> tuple[int, int]:
    """First and last ns asked for."""
    start, stop = -FOREVER, FOREVER
    for test in tests_of(where):
        if test.name == "time":
            value = int(test.value)
            start = max(start, value + (test.sign == ">")) if test.sign in (">", ">=") else start
            stop = min(stop, value - (test.sign == "<")) if test.sign in ("<", "<=") else stop
    return start, stop


_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _passes(where: Condition | None, table: Table) -> np.ndarray:
    if where is None:
        return np.ones(len(table), dtype=bool)
    if isinstance(where, Both):
        left, right = _passes(where.left, table), _passes(where.right, table)
        return np.asarray(left & right if where.word == "and" else left | right)
    if where.name == "time":
        return np.ones(len(table), dtype=bool)
    values = table.fields.get(where.name, table.tags.get(where.name, _texts([""] * len(table))))
    if where.sign in ("=~", "!~"):
        return _matching(values, where)
    if values.dtype.kind == "f" and not isinstance(where.value, str | bool):
        with np.errstate(invalid="ignore"):
            return np.asarray(known(values) & _COMPARED[where.sign](values, where.value))
    return np.array([isinstance(value, type(where.value)) and bool(_COMPARED[where.sign](value, where.value)) for value in values.tolist()], dtype=bool)


def _matching(values: np.ndarray, test: Test) -> np.ndarray:
    met = {text: bool(test.value.search(text)) == (test.sign == "=~") for text in {value for value in values.tolist() if value is not None}}
    return np.array([value is not None and met[value] for value in values.tolist()], dtype=bool)


def _groups(by: Sequence[str], table: Table) -> list[tuple[dict[str, str], Table]]:
    if not by:
        return [({}, table)]
    blank = _texts([""] * len(table))
    keys = list(zip(*(table.tags.get(name, blank).tolist() for name in by), strict=True))
    places: dict[tuple[str, ...], list[int]] = {}
    for k, key in enumerate(keys):
        places.setdefault(key, []).append(k)
    return [(dict(zip(by, key, strict=True)), table.take(np.array(places[key]))) for key in sorted(places)]


# ---------------------------------------------------------------- rows as they are


def _raw(select: Select, table: Table) -> list[tuple[Any, ...]]:
    """A row where at least one of the selected fields is known; tags alone make none."""
    fields = [name for _, expression in select.columns for name in _refs(expression) if name in table.fields]
    if not fields:
        return []
    said = np.any([known(table.fields[name]) for name in fields], axis=0)
    mine = table.take(np.flatnonzero(said))
    columns = [_each(expression, mine) for _, expression in select.columns]
    return list(zip(mine.t_ns.tolist(), *columns, strict=True))


def _each(expression: Expression, table: Table) -> list[Value]:
    if isinstance(expression, Number):
        return [expression.value] * len(table)
    if isinstance(expression, Sum):
        pairs = zip(_each(expression.left, table), _each(expression.right, table), strict=True)
        return [_reckoned(expression.sign, a, b) for a, b in pairs]
    if isinstance(expression, Size):
        return [None if value is None else abs(value) for value in _each(expression.of, table)]
    assert isinstance(expression, Ref)
    if expression.name in table.tags:
        return [value or None for value in table.tags[expression.name].tolist()]
    return [_plain(value) for value in table.fields.get(expression.name, _texts([None] * len(table))).tolist()]


def _plain(value: Value) -> Value:
    return None if isinstance(value, float) and math.isnan(value) else value


def _reckoned(sign: str, left: Value, right: Value) -> Value:
    """Not known where one of them is not; divided by nothing is 0, as InfluxQL has it."""
    if left is None or right is None:
        return None
    if sign == "/":
        return left / right if right else 0.0
    return left + right if sign == "+" else left - right if sign == "-" else left * right


# ---------------------------------------------------------------- rows of windows


def _aggregated(select: Select, table: Table, start: int, stop: int) -> list[tuple[Any, ...]]:
    if not select.every_ns:
        return _whole(select, table, start)
    edges = np.array(_edges(select, start, stop), dtype=np.int64)
    cuts = np.searchsorted(table.t_ns, edges)
    spans = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
    found = {call: _rises(values) if call.rise else values for call, values in _each_window(select, table, spans)}
    if not any(value is not None for values in found.values() for value in values):
        return []
    blank = {call: _blank(select.fill, call, table, any(value is not None for value in values)) for call, values in found.items()}
    made: list[tuple[Any, ...]] = []
    for k, edge in enumerate(edges[:-1].tolist()):
        own = {call: values[k] for call, values in found.items()}
        if select.fill != "none" or any(value is not None for value in own.values()):
            told = {call: blank[call] if value is None else value for call, value in own.items()}
            made.append((edge, *(_worth(expression, told) for _, expression in select.columns)))
    return made


def _each_window(select: Select, table: Table, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[Call, list[Value]]]:
    for call in select.calls():
        yield call, [_one(call, table, low, high) for low, high in spans]


def _rises(values: Sequence[Value]) -> list[Value]:
    """Each less the one known before it, not known where it fell and for the first."""
    made: list[Value] = []
    before = None
    for value in values:
        rose = value is not None and before is not None and value >= before
        made.append(value - before if rose else None)
        before = before if value is None else value
    return made


def _blank(fill: Any, call: Call, table: Table, elsewhere: bool) -> Value:
    """What stands for nothing. `elsewhere`: the function found something in another window: then a count of nothing is 0 by itself."""
    if isinstance(fill, float):
        if call.of.name not in table.fields:
            raise NotInOurSubset(f"{call.of.name} is in no row: what a server then fills in depends on the function")
        return fill
    return 0 if call.name == "count" and fill is None and elsewhere else None


def _whole(select: Select, table: Table, start: int) -> list[tuple[Any, ...]]:
    """One row over everything, or none. A lone selector keeps the time of its row, and brings that row's other fields."""
    calls = select.calls()
    if len(calls) == 1 and calls[0].name in SELECTORS:
        k = _place(calls[0], table, 0, len(table)) if calls[0].of.name in table.fields else -1
        if k < 0:
            return []
        row = table.take(np.array([k]))
        told = {calls[0]: _plain(row.fields[calls[0].of.name].tolist()[0])}
        return [(int(row.t_ns[0]), *(_worth(expression, told) if _calls(expression) else _each(expression, row)[0] for _, expression in select.columns))]
    told = {call: _one(call, table, 0, len(table)) for call in calls}
    if all(value is None for value in told.values()):
        return []
    return [(start if start > -FOREVER else 0, *(_worth(expression, told) for _, expression in select.columns))]


def _worth(expression: Expression, told: Mapping[Call, Value]) -> Value:
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Call):
        return told[expression]
    if isinstance(expression, Sum):
        return _reckoned(expression.sign, _worth(expression.left, told), _worth(expression.right, told))
    raise NotInOurSubset("a field, or the size of one, beside more than one function")


def _one(call: Call, table: Table, low: int, high: int) -> Value:
    """A function over the rows from `low` to `high`, None where none of them knows the field."""
    if call.of.name not in table.fields:
        return None
    values = table.fields[call.of.name][low:high]
    values = values[known(values)]
    if not len(values):
        return None
    if call.name in SELECTORS:
        k = _place(call, table, low, high)
        return None if k < 0 else _plain(table.fields[call.of.name][k : k + 1].tolist()[0])
    listed = list(dict.fromkeys(values.tolist())) if call.distinct else values.tolist()
    return FUNCTIONS[call.name](listed)


def _place(call: Call, table: Table, low: int, high: int) -> int:
    """Which row a selector means; of rows of one time the greater value counts as first and as last, of equal values the earlier."""
    values = table.fields[call.of.name][low:high]
    rows = np.flatnonzero(known(values))
    if not len(rows):
        return -1
    if call.name in ("first", "last"):
        edge = table.t_ns[low + rows].min() if call.name == "first" else table.t_ns[low + rows].max()
        rows = rows[table.t_ns[low + rows] == edge]
        return low + int(max(rows, key=lambda k: values[k]))
    if call.name == "percentile":
        rows = rows[np.argsort(values[rows], kind="stable")]
        rank = math.floor(len(rows) * call.n / 100 + 0.5) - 1
        return low + int(rows[rank]) if 0 <= rank < len(rows) else -1
    best = values[rows].min() if call.name == "min" else values[rows].max()
    return low + int(rows[values[rows] == best][0])


def _median(values: Sequence[float]) -> float:
    ordered, n = sorted(values), len(values)
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2


FUNCTIONS: Mapping[str, Callable[[Sequence[Any]], Value]] = {
    "mean": lambda values: math.fsum(values) / len(values),
    "sum": math.fsum,
    "count": len,
    "median": _median,
    "spread": lambda values: max(values) - min(values),
    **dict.fromkeys(SELECTORS, len),
}
"""Of the known values of a window, at least one. Selectors are found by their row instead."""


# ---------------------------------------------------------------- windows


def _edges(select: Select, start: int, stop: int) -> list[int]:
    """Where windows begin, from the one that holds `start` on, and where the last one ends: multiples of the length, in the zone's own time."""
    if stop >= FOREVER or start <= -FOREVER:
        raise NotInOurSubset("windows without a beginning or an end")
    if select.offset_ns and _offset(select.zone, start) != _offset(select.zone, stop):
        raise NotInOurSubset("windows that are moved, over a change of the clocks: a server loses the one after it")
    edges = [_window(select, start)[0]]
    while edges[-1] <= stop:
        edges.append(_window(select, edges[-1])[1])
    return edges


def _window(select: Select, t_ns: int) -> tuple[int, int]:
    """The window that holds `t_ns`. A day in a zone is from midnight to midnight there, 23 or 25 hours where the clocks change."""
    shift = _offset(select.zone, t_ns)
    local = t_ns - select.offset_ns + shift
    begin = local // select.every_ns * select.every_ns
    ends = [edge + select.offset_ns - shift for edge in (begin, begin + select.every_ns)]
    moved = [shift - _offset(select.zone, edge) for edge in ends]
    first, last = (edge + by if abs(by) < select.every_ns else edge for edge, by in zip(ends, moved, strict=True))
    return first, last


def _offset(zone: str, t_ns: int) -> int:
    if not zone:
        return 0
    from datetime import UTC, datetime

    there = datetime.fromtimestamp(t_ns // 10**9, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return int(there.total_seconds()) * 10**9 if there else 0
