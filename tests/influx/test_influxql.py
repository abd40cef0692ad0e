"""The evaluator of our InfluxQL answers as a real server does: any small rows, any query of the kinds that panels ask."""

from __future__ import annotations

import urllib.request
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from asked import asked, differences
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from influx import ORG, Influxd
from influxql import NotInOurSubset, Row, Table, answer, names_in, read

pytestmark = pytest.mark.influx

SECOND = 10**9
MIDNIGHT = 1_774_656_000 * SECOND
"""28 March 2026, 0:00 UTC. The clocks of Berlin go forward the night after. A server keeps the names of fields by weeks, and this one ends later."""
ZONE = "Europe/Berlin"
BUCKET = "influxql"
_names = count(1)


@pytest.fixture(scope="module")
def bucket(influxd: Influxd) -> str:
    influxd.bucket(BUCKET)
    return BUCKET


TAGS = st.sampled_from(["a", "b", "b c", ""])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "x": st.sampled_from([0.0, 1.5, -2.0, 7.25, 0.1, 0.3]),
        "y": st.sampled_from([0.0, 3.0, 0.7]),
        "n": st.integers(0, 4),
        "word": st.sampled_from(["still", "moving", "a b"]),
        "yes": st.booleans(),
    },
).filter(bool)
TIMES = st.one_of(st.integers(-1, 30).map(lambda k: 10 * k), st.integers(0, 40).map(lambda k: 3600 * k)).map(lambda s: MIDNIGHT + s * SECOND)
FIRST: Row = (MIDNIGHT - 15 * SECOND, {"who": "a"}, {"x": 0.3, "y": 3.0, "n": 1, "word": "still", "yes": True})
"""In every table, so that no name is one that a server never heard."""
ROWS = st.lists(st.tuples(TIMES, TAGS, FIELDS), min_size=1, max_size=14, unique_by=lambda row: row[0]).map(
    lambda rows: [FIRST, *((t, {"who": who} if who else {}, fields) for t, who, fields in rows)]
)

WHOLE = [
    'mean("x")', 'sum("x")', 'count("x")', 'count("word")', 'max("x")', 'min("x")', 'last("x")', 'first("x")', 'percentile("x", 50)', 'percentile("x", 95)',
    'median("y")', 'spread("x")', 'sum("n")', 'mean("n")', 'max("n")', 'count("yes")', 'count(distinct("word"))',
    'sum("x") / sum("y")', 'sum("x") * 100 / sum("n")', '(sum("x") - sum("y")) / 3', '100 * count("x") / count("n")', '1 - sum("x") / sum("y")',
    'last("x") - first("x")', 'mean("x") * 100',
]  # fmt: skip
OF_WORDS = ('"word"', '"yes"')
WINDOWED = [
    '(SELECT sum("x") AS "x", count("y") AS "n", max("n") AS "y" FROM "m" GROUP BY time(1h), "who" fill(none))',
    '(SELECT non_negative_difference(last("x")) AS "x", count("y") AS "y", last("n") AS "n" FROM "m" GROUP BY time(1h), "who" fill(none))',
    '(SELECT max("x") AS "x", sum("n") AS "y", min("n") AS "n" FROM "m" GROUP BY time(1h))',
]
UNSURE_AROUND = (*OF_WORDS, "percentile", "median", "spread", "last", "first")
PICKED = ['last("x")', 'max("x")', 'first("word")', 'percentile("x", 50)', 'min("n")', 'last("yes")']
BESIDE = ['"word"', '"y"', '"yes"', '"who"', '"n"']
PLAIN = ['"x"', '"y"', '"n"', '"word"', '"yes"', '"who"', '"x" / 60 AS "d"', '"x" - "y" AS "e"', '("x" + "y" - abs("x" - 2)) / 2 AS "f"', '"nope"']
WHOSE = ['"who" =~ /^(a|b c)$/', '"who" =~ /^b$/', "\"who\" = 'a'", "\"who\" != 'a'", '"who" !~ /^b/', "\"who\" = ''"]
WHICH = ['"x" >= 0.3', '"n" > 1', "\"word\" = 'still'", "\"word\" != 'still'", '"yes" = true', '"x" != 1.5', '("x" > 1 OR "n" = 2)', '"nope" = 1']
WINDOWS = ["30s", "1m", "1h", "6h", "1d", "1d, 6h", "7d, 4d"]


def chosen(from_: Sequence[str], least: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(from_), min_size=least, max_size=most, unique=True)


@st.composite
def questions(draw: st.DrawFn) -> str:
    """A query of one of the kinds that panels ask; `FROM "m"` stands for the measurement."""
    kind = draw(st.sampled_from(["plain", "picked", "whole", "windows", "windows around windows", "whole around rows"]))
    start = MIDNIGHT + draw(st.sampled_from([-36000, 0, 20, 3600])) * SECOND
    long = draw(st.sampled_from([60, 300, 6 * 3600, 40 * 3600]))
    spans = [f"time >= {start // 10**6}ms AND time <= {start // 10**6 + long * 1000}ms"]
    conditions = draw(chosen(WHOSE, 0, 1)) + (draw(chosen(WHICH, 0, 1)) if "around" not in kind else [])
    by = draw(chosen(['"who"'], 0, 1))
    tail = ""
    source = '"m"'
    if kind == "plain":
        columns = draw(chosen(PLAIN, 1, 3))
        tail = draw(st.sampled_from(["", " ORDER BY time DESC", " ORDER BY time DESC LIMIT 3", " LIMIT 2"]))
    elif kind == "picked":
        columns = [f'{draw(st.sampled_from(PICKED))} AS "v"', *draw(chosen(BESIDE, 0, 2))]
    else:
        hard = {"windows around windows": UNSURE_AROUND, "whole around rows": OF_WORDS}.get(kind, ())
        asked_of = [text for text in WHOLE if not any(word in text for word in hard)]
        columns = [f'{text} AS "c{k}"' for k, text in enumerate(draw(chosen(asked_of, 1, 3)))]
    if kind.startswith("windows"):
        window = draw(st.sampled_from(["1h", "1d"] if "around" in kind else WINDOWS if long < 3600 else WINDOWS[2:]))
        by.append(f"time({window})")
        tail = draw(st.sampled_from(["", " fill(null)", " fill(none)", " fill(0)"]))
        tail += draw(st.sampled_from(["", " ORDER BY time DESC"])) if kind == "windows" else ""
        tail += draw(st.sampled_from(["", f" tz('{ZONE}')"])) if "," not in window else ""
        if kind != "windows":
            source = draw(st.sampled_from(WINDOWED))
            if tail.startswith(" fill(none)") and not draw(st.booleans()):
                source, spans, conditions = source.replace(' FROM "m"', f' FROM "m" WHERE {spans[0]}'), [], conditions or ["\"who\" != 'nobody'"]
    if kind == "whole around rows":
        source = draw(
            st.sampled_from(
                [
                    '(SELECT last("x") AS "x", "n" FROM "m" GROUP BY "who")',
                    '(SELECT "x" * 2 AS "x", "n", "y" FROM "m")',
                    '(SELECT max("x") AS "x" FROM "m" GROUP BY "who")',
                ]
            )
        )
    grouped = f" GROUP BY {', '.join(by)}" if by else ""
    return f"SELECT {', '.join(columns)} FROM {source} WHERE {' AND '.join(spans + conditions)}{grouped}{tail}"


def line(measurement: str, row: Row) -> str:
    """Line protocol, written here anew."""
    t, tags, fields = row
    told = ",".join(f"{name}={_written(value)}" for name, value in fields.items())
    return f"{measurement}{''.join(f',{name}={value}' for name, value in tags.items())} {told} {t}".replace("b c", "b\\ c")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value}i" if isinstance(value, int) else repr(value)


def put(server: Influxd, bucket: str, lines: Sequence[str]) -> None:
    address = f"{server.url}/api/v2/write?org={ORG}&bucket={bucket}&precision=ns"
    request = urllib.request.Request(address, data="\n".join(lines).encode(), headers={"Authorization": f"Token {server.operator}"})
    urllib.request.urlopen(request, timeout=60).close()


@settings(phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=ROWS, queries=st.lists(questions(), min_size=8, max_size=16))
def test_any_question_over_any_rows_is_answered_as_a_server_answers_it(influxd: Influxd, bucket: str, rows: list[Row], queries: list[str]) -> None:
    name = f"m{next(_names)}"
    put(influxd, bucket, [line(name, row) for row in rows])
    tables = {name: Table.of(rows)}
    for query in (each.replace('FROM "m"', f'FROM "{name}"') for each in queries):
        assert not differences(answer(query, tables), asked(influxd.url, influxd.operator, bucket, query)), query


def test_what_is_not_read_is_said_and_not_guessed() -> None:
    for query in (
        'SELECT holt_winters("x") FROM "m"',
        'SELECT mean("x") FROM "m" GROUP BY time(1m) fill(linear)',
        'SELECT mean("x") FROM "m" GROUP BY time(1m) fill(previous)',
        'SELECT mean("x") FROM "m"; SELECT mean("y") FROM "m"',
        'SELECT mean("x") FROM "m" WHERE time >= 0ms GROUP BY time(1m)',
        'SELECT sum("x") FROM (SELECT sum("x") AS "x" FROM "m" GROUP BY time(5ns)) WHERE time >= 2ns AND time <= 9ns',
        'SELECT sum("x") FROM (SELECT count("x") AS "x" FROM "m" GROUP BY time(1ms)) WHERE time >= 0ms AND time <= 9ms',
        'SELECT mean("x") FROM "m" WHERE time >= 1774569600000ms AND time <= 1775174400000ms GROUP BY time(7d, 4d) tz(\'Europe/Berlin\')',
        'SELECT median("x") FROM (SELECT sum("x") AS "x" FROM "m" GROUP BY time(1h)) WHERE time >= 0ms AND time <= 9ms GROUP BY time(1d)',
    ):
        with pytest.raises(NotInOurSubset):
            answer(query, {"m": Table.of([(3, {}, {"x": 1.0})])})


def test_every_name_that_a_query_reads_is_found_also_in_the_query_within() -> None:
    within = 'SELECT last("a") AS "a", "b" FROM "m" WHERE "d" = true GROUP BY "e"'
    query = f'SELECT sum("a") / sum("b") AS "c" FROM ({within}) WHERE "f" =~ /x/ AND time > 3ms GROUP BY "g"'
    assert names_in(read(query)) == {"a", "b", "d", "e", "f", "g"}


def test_why_two_kinds_of_questions_are_refused(influxd: Influxd, bucket: str) -> None:
    """A server answers them without an error, and wrongly (2.7.12). Should this fail, they may be asked."""
    name = f"m{next(_names)}"
    days = [MIDNIGHT + (k - 14) * 86400 * SECOND + 72000 * SECOND for k in range(35)]
    put(influxd, bucket, [line(name, (t, {}, {"x": 1.0})) for t in days])
    span = f"time >= {(days[0] - SECOND) // 10**6}ms AND time <= {days[-1] // 10**6}ms"
    around = f'SELECT sum("x") FROM (SELECT sum("x") AS "x" FROM "{name}" WHERE {span} GROUP BY time(1d))'
    assert not asked(influxd.url, influxd.operator, bucket, f"{around} WHERE {span}"), "its first window begins before the range"
    assert asked(influxd.url, influxd.operator, bucket, around)[0].rows[0][1] == len(days)
    weeks = f'SELECT count("x") FROM "{name}" WHERE {span} GROUP BY time(7d, 4d) tz(\'{ZONE}\')'
    assert 0 in [row[1] for row in asked(influxd.url, influxd.operator, bucket, weeks)[0].rows], "the week after the clocks went forward"
