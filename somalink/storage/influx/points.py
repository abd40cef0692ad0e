"""A point as a replica keeps it, and as line protocol has it. Knows the table of measurements; knows no server and no store."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from somalink.domain.measurements import MEASUREMENTS, Form

FieldValue = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Point:
    """One row of one measurement. Fields that are None or NaN are not known and are not sent; a point of which nothing is known is no point.

    `id`: what an edit is found by (unique within a measurement and a person), empty for what never moves.
    """

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, FieldValue]
    t_ns: int
    id: str = ""

    def line(self) -> str:
        """Line protocol, without the line's end; empty where nothing is known. KeyError for a field that the table does not have."""
        about = MEASUREMENTS[self.measurement]
        forms = {name: about.fields[name].form if name in about.fields else _form_of_others(about.others, name) for name in self.fields}
        said = [f"{_escaped(name)}={_WRITTEN[forms[name]](value)}" for name, value in self.fields.items() if not _unknown(value)]
        return f"{series(self.measurement, self.tags)} {','.join(said)} {self.t_ns}" if said else ""


def series(measurement: str, tags: Mapping[str, str]) -> str:
    """`measurement,tag=value`; a tag without a value is left out, since line protocol has no empty one."""
    return ",".join([measurement, *(f"{_escaped(name)}={_escaped(tags[name])}" for name in MEASUREMENTS[measurement].tags if tags[name])])


def _form_of_others(prefix: str, name: str) -> Form:
    if not prefix or not name.startswith(prefix):
        raise KeyError(name)
    return Form.FLOAT


def _unknown(value: FieldValue) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _escaped(text: str) -> str:
    r"""Of a tag or a field's name. A backslash at the very end would take the separator with it, so it gets a space that nobody sees.

    >>> _escaped("chest strap, old")
    'chest\\ strap\\,\\ old'
    """
    plain = text.replace("\n", " ").replace(",", r"\,").replace("=", r"\=").replace(" ", r"\ ")
    return f"{plain}\\ " if plain.endswith("\\") else plain


def _quoted(value: FieldValue) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


_WRITTEN: Mapping[Form, Callable[[Any], str]] = {
    Form.FLOAT: lambda value: repr(float(value)),
    Form.INT: lambda value: f"{int(value)}i",
    Form.TEXT: _quoted,
    Form.BOOL: lambda value: "true" if value else "false",
}
