"""InfluxQL of a panel, made of names that the table of measurements has. Knows the language and that table; knows no panel and no server.

A typo in a name looks like "no data" in Grafana, without an error. So a name that is not known is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from somalink.domain.measurements import MEASUREMENTS, PERSON, Form, Measurement

IN_VIEW = "$timeFilter"
"""The time the reader has chosen; Grafana writes it."""
ENDS_IN_VIEW = "time >= ${__from}ms AND time <= ${__to}ms + 1d"
"""For findings: they are stamped with the last hour of their last day, which today has not come yet."""
FROM_VIEW = "time >= ${__from}ms"
"""For what is planned: it may lie ahead."""
LATELY = "time > now() - 90d"
"""For the newest of something, whatever time is chosen."""
ANY_TIME = ""
STEP = "$__interval"
"""As fine as the panel has pixels, and no finer than the source gives."""
DAY, HOUR, WEEK = "1d", "1h", "7d"
"""Lengths of buckets. Weeks are counted from a Thursday in 1970. With an offset, to begin on Monday, and a zone, InfluxDB 2.7 finds nothing in the week after
the clocks go forward."""
OF_TEXT = ("count", "last", "first", "mode", "distinct")
"""What may be asked of a word or of yes and no; anything else of them is an error at the server."""


class UnknownName(ValueError):
    """A measurement, tag or field that the table does not have, or a figure asked of what is none."""


@dataclass(frozen=True, slots=True)
class Column:
    """What is selected, and what it is called. `uses`: the fields and tags it rests on; `figures`: those that must be numbers."""

    text: str
    uses: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    name: str = ""

    def named(self, name: str) -> Column:
        return replace(self, name=name)

    def __truediv__(self, other: Column | float) -> Column:
        return _joined(self, "/", other)

    def __mul__(self, other: Column | float) -> Column:
        return _joined(self, "*", other)

    def __sub__(self, other: Column | float) -> Column:
        return _joined(self, "-", other)

    def __add__(self, other: Column | float) -> Column:
        return _joined(self, "+", other)

    @property
    def written(self) -> str:
        return f'{self.text} AS "{self.name}"' if self.name else self.text


def _joined(left: Column, sign: str, right: Column | float) -> Column:
    """The database answers 0 where it divides by nothing: say `above(name, 0)` of what may be nothing."""
    if not isinstance(right, Column):
        return Column(f"{_alone(left)} {sign} {right:g}", left.uses, left.figures)
    return Column(f"{_alone(left)} {sign} {_alone(right)}", left.uses + right.uses, left.figures + right.figures)


def _alone(column: Column) -> str:
    """In brackets where it is a sum or a share itself."""
    return f"({column.text})" if " " in column.text else column.text


def as_is(name: str) -> Column:
    """Rows as they are: a field, or a tag beside one."""
    return Column(f'"{name}"', (name,))


def _of(function: str, name: str, *more: str) -> Column:
    asked = ", ".join((f'"{name}"', *more))
    return Column(f"{function}({asked})", (name,), () if function in OF_TEXT else (name,))


def mean(name: str) -> Column:
    return _of("mean", name)


def total(name: str) -> Column:
    return _of("sum", name)


def count(name: str) -> Column:
    return _of("count", name)


def least(name: str) -> Column:
    return _of("min", name)


def most(name: str) -> Column:
    return _of("max", name)


def last(name: str) -> Column:
    """The newest row's; alone in a query it keeps that row's time, and fields beside it are of the same row."""
    return _of("last", name)


def percentile(name: str, of_100: int) -> Column:
    return _of("percentile", name, str(of_100))


@dataclass(frozen=True, slots=True)
class Condition:
    text: str
    uses: tuple[str, ...]


def equals(name: str, value: str | bool | float) -> Condition:
    """A tag or a field with exactly this value. `$variable` is left for Grafana to fill."""
    return Condition(f'"{name}" = {_literal(value)}', (name,))


def differs(name: str, value: str | bool | float) -> Condition:
    return Condition(f'"{name}" != {_literal(value)}', (name,))


def at_least(name: str, value: float) -> Condition:
    return Condition(f'"{name}" >= {value:g}', (name,))


def above(name: str, value: float) -> Condition:
    return Condition(f'"{name}" > {value:g}', (name,))


def below(name: str, value: float) -> Condition:
    return Condition(f'"{name}" < {value:g}', (name,))


def matches(tag: str, pattern: str) -> Condition:
    """A tag that a pattern finds; in a field nothing is looked for by pattern."""
    return Condition(f'"{tag}" =~ /{pattern}/', (tag,))


def one_of(tag: str, values: Iterable[str]) -> Condition:
    return matches(tag, f"^({'|'.join(values)})$")


def _literal(value: str | bool | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, (int, float)) else "'" + value.replace("'", "\\'") + "'"


@dataclass(frozen=True, slots=True)
class Query:
    """One statement. `source`: a measurement, or a query whose columns are asked again. `person`: the variable that says whose (empty: nobody's,
    or already said within). `every`: buckets of that length, in local days and hours where `local`.

    Whose and when is said of the measurement alone, and holds outside too. Said again outside, the time would leave out the first bucket, which
    begins before it, and the server then sometimes answers nothing at all (watched on 2.7).
    """

    source: str | Query
    columns: tuple[Column, ...]
    where: tuple[Condition, ...] = ()
    person: str = "person"
    when: str = IN_VIEW
    every: str = ""
    by: tuple[str, ...] = ()
    fill: str = ""
    newest_first: bool = False
    limit: int = 0
    local: bool = False

    def __post_init__(self) -> None:
        _check(self)

    @property
    def text(self) -> str:
        source = f'"{self.source}"' if isinstance(self.source, str) else f"({self.source.text})"
        parts = (
            f"SELECT {', '.join(column.written for column in self.columns)} FROM {source}",
            _after("WHERE", " AND ".join(self._conditions())),
            _after("GROUP BY", ", ".join(self._groups())),
            f"fill({self.fill})" if self.fill else "",
            "ORDER BY time DESC" if self.newest_first else "",
            f"LIMIT {self.limit}" if self.limit else "",
            "tz('$tz')" if self.local else "",
        )
        return " ".join(part for part in parts if part)

    def _conditions(self) -> list[str]:
        said = [condition.text for condition in self.where]
        if isinstance(self.source, Query):
            return said
        whose = f'"{PERSON}" =~ /^${{{self.person}:regex}}$/' if self.person else ""
        return [each for each in (whose, *said, self.when) if each]

    def _groups(self) -> list[str]:
        return [*([f"time({self.every})"] if self.every else []), *(f'"{tag}"' for tag in self.by)]

    def names(self) -> list[str]:
        """What its columns are called in a table: tags first as the server has them, then what was selected."""
        return ["Time", *self.by, *(_called(column) for column in self.columns)]


def _after(word: str, rest: str) -> str:
    return f"{word} {rest}" if rest else ""


def _called(column: Column) -> str:
    """As InfluxQL names a column without a name: the field, or the function.

    >>> _called(mean("hr_bpm")), _called(as_is("label")), _called((total("worn_s") / 3600).named("worn"))
    ('mean', 'label', 'worn')

    Of two unnamed means the second is `mean_1`; name them.
    """
    return column.name or (column.text.strip('"') if column.text.startswith('"') else column.text.partition("(")[0])


# ---------------------------------------------------------------- names


def _check(query: Query) -> None:
    about = measured(query)
    _whose(query, about)
    tags, fields = known(query)
    for used in (*(name for column in query.columns for name in column.uses), *(name for condition in query.where for name in condition.uses)):
        if used not in tags and used not in fields and not _of_others(about, used):
            raise UnknownName(f"{_place(query)} has no tag and no field {used!r}")
    for figure in (name for column in query.columns for name in column.figures):
        if fields.get(figure, Form.FLOAT) in (Form.TEXT, Form.BOOL) or figure in tags:
            raise UnknownName(f"{figure!r} of {_place(query)} is no number")
    for tag in query.by:
        if tag not in tags:
            raise UnknownName(f"{_place(query)} has no tag {tag!r}; by a field nothing is grouped, and nothing says so")


def measured(query: Query) -> Measurement:
    """The measurement at the bottom of it."""
    if isinstance(query.source, Query):
        return measured(query.source)
    if query.source not in MEASUREMENTS:
        raise UnknownName(f"there is no measurement {query.source!r}")
    return MEASUREMENTS[query.source]


def _whose(query: Query, about: Measurement) -> None:
    if query.person and PERSON not in about.tags:
        raise UnknownName(f"{about.name} is nobody's: say person=''")


def known(query: Query) -> tuple[tuple[str, ...], dict[str, Form]]:
    """Tags and fields a query may name: of its measurement, or what the query within gives."""
    if isinstance(query.source, Query):
        return query.source.by, {_called(column): Form.FLOAT for column in query.source.columns}
    about = measured(query)
    return about.tags, {name: each.form for name, each in about.fields.items()}


def _of_others(about: Measurement, name: str) -> bool:
    return bool(about.others) and name.startswith(about.others)


def _place(query: Query) -> str:
    return repr(query.source) if isinstance(query.source, str) else "the query within"
