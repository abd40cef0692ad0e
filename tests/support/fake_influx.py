"""A server that keeps points in a dictionary and refuses as InfluxDB 2.7 was watched to: by type, by age, by bucket, by token, or by not being there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from somalink.storage.influx.server import ServerError, Trouble

Fields = dict[str, object]
_SPLIT = {sign: re.compile(rf"(?<!\\){sign}") for sign in (",", " ", "=")}


@dataclass
class FakeInflux:
    """`points`: by bucket, then (series, time). `fails`: troubles with which the next requests end, None for one that is answered;
    `after`: whether a request that fails has been carried out all the same, as when the answer is lost on its way."""

    buckets: tuple[str, ...] = ("somalink",)
    oldest_ns: int = -(1 << 62)
    points: dict[str, dict[tuple[str, int], Fields]] = field(default_factory=dict)
    forms: dict[tuple[str, str, str], type] = field(default_factory=dict)
    fails: list[tuple[Trouble | None, bool]] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    deletes: int = 0

    def write(self, bucket: str, lines: Sequence[str]) -> None:
        trouble, after = self.fails.pop(0) if self.fails else (None, False)
        if trouble is not None and not after:
            raise _error(trouble)
        if bucket not in self.buckets:
            raise _error(Trouble.MISSING)
        self.writes.append(len(lines))
        refused = [reason for line in lines if (reason := self._keep(bucket, line))]
        if trouble is not None:
            raise _error(trouble)
        if refused:
            word = "type" if "type" in refused else "old"
            raise ServerError(
                f"refused for its {word}", next_step="look", trouble=Trouble.REFUSED, dropped=refused.count(word), expired=set(refused) == {"old"}
            )

    def delete(self, bucket: str, measurement: str, tags: Mapping[str, str], start_ns: int, stop_ns: int) -> None:
        trouble, after = self.fails.pop(0) if self.fails else (None, False)
        if trouble is not None and not after:
            raise _error(trouble)
        self.deletes += 1
        kept = self.points.setdefault(bucket, {})
        for series, t_ns in [key for key in kept if start_ns <= key[1] < stop_ns]:
            name, mine = tags_of(series)
            if name == measurement and all(mine.get(tag) == value for tag, value in tags.items()):
                del kept[series, t_ns]
        if trouble is not None:
            raise _error(trouble)

    def _keep(self, bucket: str, line: str) -> str:
        series, fields, t_ns = parsed(line)
        if t_ns < self.oldest_ns:
            return "old"
        name = tags_of(series)[0]
        for key, value in fields.items():
            if self.forms.setdefault((bucket, name, key), type(value)) is not type(value):
                return "type"
        self.points.setdefault(bucket, {}).setdefault((series, t_ns), {}).update(fields)
        return ""

    def rows(self, measurement: str, bucket: str = "somalink") -> list[tuple[int, dict[str, str], Fields]]:
        """(time, tags, fields) of a measurement, by time."""
        found = [(t_ns, *tags_of(series), fields) for (series, t_ns), fields in self.points.get(bucket, {}).items()]
        return sorted(((t, tags, fields) for t, name, tags, fields in found if name == measurement), key=lambda row: (row[0], sorted(row[1].items())))


def parsed(line: str) -> tuple[str, Fields, int]:
    """Series, fields and time of a line of protocol."""
    series, rest = re.match(r"((?:\\.|[^ \\]|\\)*?(?<!\\)) (.*)", line).groups()  # type: ignore[union-attr]
    said, _, t_ns = rest.rpartition(" ")
    fields: Fields = {}
    for name, text in re.findall(r'((?:\\.|[^,=\\])+)=("(?:\\.|[^"\\])*"|[^,]*)', said):
        fields[re.sub(r"\\(.)", r"\1", name)] = _value(text)
    return series, fields, int(t_ns)


def tags_of(series: str) -> tuple[str, dict[str, str]]:
    name, *tags = _SPLIT[","].split(series)
    return name, {key: re.sub(r"\\([,= ])", r"\1", value) for key, value in (_SPLIT["="].split(tag, maxsplit=1) for tag in tags)}


def _value(text: str) -> object:
    if text.startswith('"'):
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    return int(text[:-1]) if text.endswith("i") else float(text)


def _error(trouble: Trouble) -> ServerError:
    return ServerError(f"the server: {trouble}", next_step="mend it", trouble=trouble)
