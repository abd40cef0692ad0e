"""What a replica should hold of a store, what a server does hold, and a line to a server that breaks."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fake_influx import FakeInflux, parsed, tags_of

from somalink.domain.constants import Constants
from somalink.domain.measurements import MEASUREMENTS
from somalink.domain.time import HOUR_NS
from somalink.pipeline.replica import streams
from somalink.pipeline.replica.batch import Sink
from somalink.pipeline.replica.sets import SETS, Subject, hours_of
from somalink.pipeline.replica.shipping import Manner, Shipper
from somalink.storage.influx.server import Place, ServerError, Trouble
from somalink.storage.local import EVER, LocalStore

Rows = dict[tuple[str, tuple[tuple[str, str], ...], int], dict[str, Any]]
"""(measurement, tags, time) -> fields."""
MANNER = Manner(tz="Europe/Berlin")
FAKE_PLACE = Place("http://fake", "clinic", "somalink", "sesame")


def wanted(store: LocalStore, manner: Manner = MANNER) -> Rows:
    """Everything that is to be on the server, read from the store as it is now; but for `pipeline`, which is the shipper's own."""
    lines: list[str] = []
    for person in store.people():
        subject = Subject.of(store, person, Constants(), manner.tz, manner.lang)
        lines += [point.line() for each in SETS for point in each.points(subject)]
        units = store.units(person)
        for device in sorted({unit.device for unit in units}):
            unit = next(unit for unit in units if unit.device == device)
            lines += streams.beat_lines(unit, store.beats(person, device, *EVER)) + streams.arousal_lines(unit, store.grid(person, device, *EVER))
            hours = {row.hour_start_ns for row in store.coverage(person) if row.unit.device == device}
            lines += [point.line() for point in hours_of(subject, device, sorted(hours))]
        for unit in units:
            lines += streams.hrv_lines(unit, store.hrv(unit)) + streams.status_lines(unit, store.device_status(unit))
    return by_place(line for line in lines if line)


def by_place(lines: Any) -> Rows:
    found: Rows = {}
    for line in lines:
        series, fields, t_ns = parsed(line)
        name, tags = tags_of(series)
        key = (name, tuple(sorted(tags.items())), t_ns)
        assert key not in found, f"two points at one place: {name}"
        found[key] = fields
    return found


def held_by_fake(fake: FakeInflux, *buckets: str) -> Rows:
    return {
        (name, tuple(sorted(tags.items())), t_ns): dict(fields)
        for bucket in buckets or ("somalink",)
        for name in MEASUREMENTS
        if name != "pipeline"
        for t_ns, tags, fields in fake.rows(name, bucket)
    }


def held_by(place: Place) -> Rows:
    """Every row of a real server's buckets, fields that are not there left out."""
    found: Rows = {}
    for bucket in place.buckets:
        for name, about in MEASUREMENTS.items():
            if name != "pipeline":
                for series in _series(place, bucket, f'SELECT * FROM "{name}" GROUP BY *'):
                    tags = tuple(sorted((key, value) for key, value in series.get("tags", {}).items() if value and key in about.tags))
                    for values in series["values"]:
                        row = dict(zip(series["columns"], values, strict=True))
                        t_ns = row.pop("time")
                        found[name, tags, t_ns] = {key: value for key, value in row.items() if value is not None}
    return found


def _series(place: Place, bucket: str, query: str) -> list[dict[str, Any]]:
    asked = urllib.parse.urlencode({"db": bucket, "epoch": "ns", "q": query})
    request = urllib.request.Request(f"{place.url}/query?{asked}", headers={"Authorization": f"Token {place.token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        (result,) = json.loads(answer.read())["results"]
    assert "error" not in result, result["error"]
    return list(result.get("series", ()))


def assert_same(store_says: Rows, server_says: Rows) -> None:
    """Equal, to the last digit; what differs is counted by measurement."""
    lacking = [key for key in store_says if key not in server_says]
    beyond = [key for key in server_says if key not in store_says]
    other = [key for key in store_says if key in server_says and store_says[key] != server_says[key]]
    assert not lacking and not beyond and not other, {
        "lacking": lacking[:3], "beyond": beyond[:3], "other": [(key, store_says[key], server_says[key]) for key in other[:2]],
    }  # fmt: skip


@dataclass
class Line:
    """A line to a server that fails when it is told to: before the request arrives, or after it was carried out. `left`: outcomes of the next requests."""

    sink: Sink
    left: list[str] = field(default_factory=list)
    """`ok`, `lost` (never arrived), `deaf` (the answer never came)."""

    def write(self, bucket: str, lines: Sequence[str]) -> None:
        self._through(lambda: self.sink.write(bucket, lines))

    def delete(self, bucket: str, measurement: str, tags: Mapping[str, str], start_ns: int, stop_ns: int) -> None:
        self._through(lambda: self.sink.delete(bucket, measurement, tags, start_ns, stop_ns))

    def _through(self, call: Any) -> None:
        how = self.left.pop(0) if self.left else "ok"
        if how != "lost":
            call()
        if how != "ok":
            raise ServerError("the line broke", next_step="wait", trouble=Trouble.UNREACHABLE)


class Now:
    """A clock that is set by hand, and goes on a millisecond with each look."""

    def __init__(self, t_ns: int) -> None:
        self.t_ns = t_ns

    def __call__(self) -> int:
        self.t_ns += 1_000_000
        return self.t_ns


def shipper(store: LocalStore, sink: Sink, place: Place = FAKE_PLACE, *, now: Now | None = None, manner: Manner = MANNER) -> Shipper:
    """As a program that has just been started: it knows what the store remembers and nothing else."""
    return Shipper(store, sink, place, manner, now or Now(472_300 * HOUR_NS))
