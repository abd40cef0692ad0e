"""Asks a running InfluxDB what a panel asks, and holds its answer against another one. Knows HTTP and JSON; knows nothing of measurements."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from influxql import Series


def told(url: str, token: str, bucket: str, query: str) -> list[dict[str, Any]]:
    """The series of one statement as the server has them, times in ns. AssertionError with its own words where it refuses."""
    said = urlencode({"db": bucket, "q": query, "epoch": "ns"}).encode()
    request = Request(f"{url}/query", data=said, headers={"Authorization": f"Token {token}"})
    try:
        with urlopen(request, timeout=120) as answer:
            got = json.load(answer)
    except HTTPError as error:
        raise AssertionError(f"{error.code} {error.read().decode()[:300]} to {query}") from error
    (result,) = got["results"]
    assert "error" not in result, f"{result['error']}: {query}"
    return list(result.get("series", []))


def asked(url: str, token: str, bucket: str, query: str) -> list[Series]:
    """The same, as the evaluator answers."""
    found = [Series(each.get("tags", {}), tuple(each["columns"]), [tuple(row) for row in each["values"]]) for each in told(url, token, bucket, query)]
    return sorted(found, key=lambda series: sorted(series.tags.items()))


def differences(here: Sequence[Series], there: Sequence[Series], *, least: float = 1e-9, most: int = 3) -> list[str]:
    """Where two answers differ by more than `least` of the value, in words, the first few; rows of one time may come in any order."""
    left, right = ({tuple(sorted(series.tags.items())): series for series in some} for some in (here, there))
    if left.keys() != right.keys():
        return [f"series {sorted(left.keys() - right.keys())} only here, {sorted(right.keys() - left.keys())} only there"]
    found: list[str] = []
    for tags, mine in left.items():
        other = right[tags]
        if mine.columns != other.columns:
            found.append(f"{dict(tags)}: columns {mine.columns} here, {other.columns} there")
        elif len(mine.rows) != len(other.rows):
            found.append(f"{dict(tags)}: {len(mine.rows)} rows here, {len(other.rows)} there; {_only(mine.rows, other.rows)}")
        else:
            found += [f"{dict(tags)}: {a} here, {b} there" for a, b in zip(_ordered(mine.rows), _ordered(other.rows), strict=True) if not _alike(a, b, least)]
    return found[:most]


def _only(here: Sequence[tuple[Any, ...]], there: Sequence[tuple[Any, ...]]) -> str:
    times = {row[0] for row in here} ^ {row[0] for row in there}
    return f"differing times begin {sorted(times)[:2]}"


def _ordered(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of one time by what else is in them, the rest as they are: the order of time is part of the answer."""
    made: list[tuple[Any, ...]] = []
    k = 0
    while k < len(rows):
        end = k
        while end < len(rows) and rows[end][0] == rows[k][0]:
            end += 1
        made += sorted(rows[k:end], key=repr) if end - k > 1 else rows[k:end]
        k = end
    return made


def _alike(here: Sequence[Any], there: Sequence[Any], least: float) -> bool:
    return all(_same(a, b, least) for a, b in zip(here, there, strict=True))


def _same(here: Any, there: Any, least: float) -> bool:
    if isinstance(here, bool) or isinstance(there, bool) or isinstance(here, str) or isinstance(there, str) or here is None or there is None:
        return here is there or here == there
    return here == there or math.isclose(here, there, rel_tol=least, abs_tol=least)


def without_empty_ends(series: Sequence[Series]) -> list[Series]:
    """Less the windows before and after in which nothing is: around a query without a range outside, a server goes on with them until now."""
    made = []
    for each in series:
        known = [k for k, row in enumerate(each.rows) if any(value is not None for value in row[1:])]
        made.append(Series(each.tags, each.columns, each.rows[known[0] : known[-1] + 1] if known else []))
    return made


def tag_values(series: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a variable lists: the second column of SHOW TAG VALUES."""
    return sorted({row[1] for each in series for row in each["values"]})
