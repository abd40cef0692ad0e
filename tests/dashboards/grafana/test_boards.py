"""What holds of every board and panel there is: they are read whole, name only what exists, say nothing they must not, and can be told apart by everybody."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from influx import rows

from dashboards.grafana.asking import Asked, marks, queries, substitute, substituted, variables
from dashboards.grafana.build import FOLDER, NAMES, as_json, board, boards
from dashboards.grafana.model import Panel
from dashboards.grafana.variables import CLINIC, CLINICIAN, HEALTH, LIVE
from dashboards.report.forbidden import breaches
from somalink.domain.measurements import MEASUREMENTS

BOARDS = [json.loads((FOLDER / f"{name}.json").read_text()) for name in NAMES]
BY_NAME = dict(zip(NAMES, BOARDS, strict=True))
PANELS = [pytest.param(name, panel, id=f"{name}-{panel.title}") for name, each in boards().items() for panel in each.panels]
ALL = pytest.mark.parametrize("name", NAMES)
KINDS = {"text", "timeseries", "stat", "table", "state-timeline", "candlestick", "barchart", "row"}
TRANSFORMATIONS = {"organize", "joinByField", "groupBy", "timeSeriesTable", "filterByValue", "merge", "sortBy", "calculateField"}
"""Ids that a Grafana 12 was seen to have; an unknown one is passed over without a word."""
SOURCE = {"type": "influxdb", "uid": "somalink-influx"}
HOUR_NS = 3600 * 10**9


def in_json(name: str) -> list[dict[str, Any]]:
    return BY_NAME[name]["panels"]


# ---------------------------------------------------------------- the file


@ALL
def test_the_file_is_what_the_program_writes(name):
    assert BY_NAME[name] == json.loads(json.dumps(as_json(board(name)))), "run: make dashboards"


def test_uids_are_fixed():
    assert [each["uid"] for each in BOARDS] == [LIVE, CLINICIAN, CLINIC, HEALTH]


@ALL
def test_nothing_in_it_is_counted_up_by_grafana_itself(name):
    found = BY_NAME[name]
    assert not {"id", "version", "iteration"} & found.keys()
    assert (found["schemaVersion"], found["editable"]) == (42, False)
    assert all(panel["pluginVersion"] == "12.2.0" for panel in found["panels"] if panel["type"] != "row")


GIVEN_BY_DEFAULT = {
    "allowCustomValue",
    "auto",
    "auto_count",
    "auto_min",
    "builtIn",
    "countRows",
    "fields",
    "footer",
    "frameIndex",
    "hidden",
    "includeAll",
    "multi",
    "percentChangeColorMode",
    "perPage",
    "placement",
    "refresh_intervals",
    "repeatDirection",
    "showTypeIcons",
    "transparent",
    "enablePagination",
}
"""Keys the reader adds with Grafana's own defaults (`enablePagination` it does the other way round): not ours, and no typo of ours."""
NEWER = {"enablePagination"}
"""Keys that Grafana 12.2 has of a table (seen there: "1 - 9 of 20 rows") and its reader, made for 12.0, does not."""


def lost(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Where a board that was read and written again is another: a key of ours that is gone is a typo, one that is new and no default as well."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        yield from (f"{path}.{key} is gone" for key in ours.keys() - theirs.keys() - NEWER)
        yield from (f"{path}.{key} is new" for key in theirs.keys() - ours.keys() - GIVEN_BY_DEFAULT)
        for key in ours.keys() & theirs.keys():
            yield from lost(ours[key], theirs[key], f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(mine, other, f"{path}[{index}]")
    elif ours != theirs:
        yield f"{path}: {ours} became {theirs}"


def read_and_written(found: dict[str, Any]) -> Any:
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(found)))


OLD_FORM = pytest.mark.filterwarnings("ignore:Prefer using dashboardv2:DeprecationWarning")
"""The new form is not settled; Grafana 12 and 13 read the classic one."""


@OLD_FORM
@ALL
def test_grafana_s_own_reader_knows_every_key(name):
    assert not list(lost(BY_NAME[name], read_and_written(BY_NAME[name])))


@OLD_FORM
def test_its_reader_would_notice_a_typo():
    spoilt = json.loads(json.dumps(BY_NAME["clinician"]))
    panel = next(each for each in spoilt["panels"] if each["type"] == "timeseries")
    panel["fieldConfig"]["defaults"]["custom"]["lineWith"] = 1
    assert [each for each in lost(spoilt, read_and_written(spoilt)) if "lineWith is gone" in each]


# ---------------------------------------------------------------- panels


@ALL
def test_panels_are_of_kinds_that_exist_and_no_id_is_there_twice(name):
    assert {panel["type"] for panel in in_json(name)} <= KINDS
    assert max(Counter(panel["id"] for panel in in_json(name)).values()) == 1
    assert max(Counter(panel["title"] for panel in in_json(name) if panel["type"] != "row").values()) == 1


@ALL
def test_no_panel_lies_on_another_or_beside_the_grid(name):
    places = [panel["gridPos"] for panel in in_json(name)]
    cells = [{(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])} for at in places]
    assert all(at["x"] + at["w"] <= 24 for at in places)
    assert not any(one & other for one, other in combinations(cells, 2))


@ALL
def test_everything_that_asks_names_the_source(name):
    found = BY_NAME[name]
    asking = [panel for panel in found["panels"] if "targets" in panel]
    asking += [target for panel in asking for target in panel["targets"]]
    asking += [each for each in found["templating"]["list"] if each["type"] == "query"] + found["annotations"]["list"]
    assert asking and all(each["datasource"] == SOURCE for each in asking)


@ALL
def test_transformations_exist(name):
    assert {each["id"] for panel in in_json(name) for each in panel.get("transformations", ())} <= TRANSFORMATIONS


@ALL
def test_series_become_cells_of_their_own_letter_alone(name):
    changes = [each for panel in in_json(name) for each in panel.get("transformations", ()) if each["id"] == "timeSeriesTable"]
    assert all(each["filter"]["options"] in each["options"] for each in changes)


@ALL
def test_no_name_is_one_that_only_an_older_grafana_knows(name):
    """Panels say that they are of 12.2, so nothing translates for them: watched, a column under the old name was shown."""
    ids = {one["id"] for panel in in_json(name) for each in panel.get("fieldConfig", {}).get("overrides", ()) for one in each["properties"]}
    assert not ids & {"custom.hidden", "custom.displayMode"}


@ALL
def test_what_is_left_out_takes_no_column_that_is_shown_along(name):
    """`Time` is also the name beneath every `Time arousal` of joined tables."""
    for panel in in_json(name):
        left_out = {each for change in panel.get("transformations", ()) for each in change["options"].get("excludeByName", ())}
        assert not ("Time" in left_out and [each for each in json.dumps(panel["fieldConfig"]["overrides"]).split('"') if each.startswith("Time ")])


@ALL
def test_marks_are_drawn_on_panels_that_are_there(name):
    assert {each for mark in BY_NAME[name]["annotations"]["list"] for each in mark["filter"]["ids"]} <= {panel["id"] for panel in in_json(name)}


@ALL
def test_the_places_of_the_boards_that_links_lead_to_are_there(name):
    led = set(re.findall(r"/d/([\w-]+)/", json.dumps(BY_NAME[name])))
    assert led and led <= {LIVE, CLINICIAN, CLINIC, HEALTH} - {BY_NAME[name]["uid"]} | ({HEALTH, LIVE} & led)


def names_of(panel: Panel) -> set[str]:
    """What fields of a panel may be called: columns, series by their alias (a tag's value stands as it may be), and what transformations make."""
    found: set[str] = set()
    for target in panel.targets:
        columns = target.query.names()
        if target.table:
            found |= set(columns)
            found.add(f"Time {target.query.source}")
        else:
            found |= {re.sub(r"\$tag_\w+", "A", target.alias).replace("$col", column) for column in columns if column not in (*target.query.by, "Time")}
    for change in panel.transformations:
        if change["id"] == "groupBy":
            found |= {f"{column} ({how})" for column, what in change["options"]["fields"].items() for how in what["aggregations"]}
        if change["id"] == "timeSeriesTable":
            found |= {f"Trend #{change['filter']['options']}", *(tag for target in panel.targets for tag in target.query.by)}
    return found


def is_named(which: str, matcher: str, names: set[str]) -> bool:
    if matcher == "byRegexp":
        return any(re.search(which.strip("/"), name) for name in names)
    return matcher != "byName" or which in names


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_an_override_is_of_a_column_that_the_query_gives(name, panel):
    assert not [each.which for each in panel.overrides if not is_named(each.which, each.matcher, names_of(panel))]


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_stat_shows_a_column_that_the_query_gives(name, panel):
    shown = panel.options.get("reduceOptions", {}).get("fields", "")
    assert not shown or is_named(shown, "byRegexp", names_of(panel))


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_link_is_fed_by_columns_that_are_there_and_not_left_out(name, panel):
    links = [link["url"] for override in panel.overrides for link in override.properties.get("links", ())]
    fed = {each for url in links for each in re.findall(r"__data\.fields\.(\w+)", url)}
    left_out = {each for change in panel.transformations for each in change["options"].get("excludeByName", ())}
    assert fed <= names_of(panel) - left_out


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_gaps_are_never_spanned_except_by_what_was_fitted(name, panel):
    spanning = panel.defaults.get("custom", {}).get("spanNulls", False) or [each for each in panel.overrides if each.properties.get("custom.spanNulls")]
    assert not spanning or any(target.query.source == "baseline" for target in panel.targets)
    over_time = [target for target in panel.targets if not target.table and target.query.every]
    assert all(target.query.fill in ("null", "none", "0") for target in over_time)
    if panel.kind == "state-timeline":
        assert all(target.query.fill == "null" for target in panel.targets)


# ---------------------------------------------------------------- queries

IDENTIFIER = re.compile(r'"([^"]+)"')
SELECT = re.compile(
    r"""^SELECT\ (?P<columns>.+?)\ FROM\ (?P<source>"\w+"|@)
    (\ WHERE\ (?P<where>((?!\ (GROUP|ORDER|LIMIT|fill|tz)\b).)+))?
    (\ GROUP\ BY\ (time\((\$__interval|\d+[smhd](,\ \d+d)?)\)|"\w+")(,\ "\w+")*)?
    (\ fill\((null|none|0)\))?(\ ORDER\ BY\ time\ DESC)?(\ LIMIT\ \d+)?(\ tz\('\$tz'\))?$""",
    re.VERBOSE,
)
TIME = r"time >=? (now\(\) - \d+[dhm]|\$\{__from\}ms|\$\{__to\}ms - \d+m)|time <= \$\{__to\}ms \+ 1d|\$timeFilter"
CONDITION = re.compile(rf""""\w+" (=|!=|>=|>|<) ('[^']*'|true|false|-?[\d.]+)|"\w+" =~ /[^/]+/|{TIME}""")


def everything_asked() -> list[tuple[str, Asked | str, str]]:
    found: list[tuple[str, Asked | str, str]] = []
    for name, each in BY_NAME.items():
        found += [(name, asked, asked.query) for asked in queries(each)]
        found += [(name, mark, query) for mark, query in marks(each).items()]
    return found


@pytest.mark.parametrize(
    "query", [pytest.param(query, id=f"{name}-{asked if isinstance(asked, str) else asked.title}") for name, asked, query in everything_asked()]
)
def test_a_query_is_of_our_grammar_and_names_only_what_the_table_has(query):
    grammatical(query)
    measurement = MEASUREMENTS[re.findall(r'FROM "(\w+)"', query)[-1]]
    called = set(re.findall(r'AS "([^"]+)"', query))
    told = {name for name in IDENTIFIER.findall(query) if not (measurement.others and name.startswith(measurement.others))}
    assert told <= {measurement.name, *measurement.tags, *measurement.fields} | called


def grammatical(query: str) -> None:
    outer, inner = apart(query)
    parts = SELECT.match(outer)
    assert parts, query
    assert all(CONDITION.fullmatch(each) for each in (parts["where"] or "$timeFilter").split(" AND ")), parts["where"]
    if inner:
        grammatical(inner)


def apart(query: str) -> tuple[str, str]:
    """A query with `@` for the one within it, and that one."""
    before, found, rest = query.partition(" FROM (")
    if not found:
        return query, ""
    depth = 1
    for place, sign in enumerate(rest):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if not depth:
            return f"{before} FROM @{rest[place + 1 :]}", rest[:place]
    raise AssertionError(f"a bracket stays open: {query}")


@ALL
def test_a_list_of_people_asks_one_measurement(name):
    for query in variables(BY_NAME[name]).values():
        found = re.fullmatch(r'SHOW TAG VALUES FROM "(\w+)" WITH KEY = "(\w+)" WHERE "(\w+)" =~ /\./', query)
        assert found and found[2] == found[3] and found[2] in MEASUREMENTS[found[1]].tags, "without WHERE somebody who was erased stays in the list"


@ALL
def test_a_list_is_asked_for_once_so_that_nobody_is_put_in_another_s_place(name):
    asked = [each for each in BY_NAME[name]["templating"]["list"] if each["type"] == "query"]
    assert asked and all(each["refresh"] == 1 for each in asked)


@ALL
def test_variables_in_queries_are_variables_of_the_board(name):
    known = {each["name"] for each in BY_NAME[name]["templating"]["list"]} | {"timeFilter", "__interval", "__from", "__to"}
    used = {each for query in (*(each.query for each in queries(BY_NAME[name])), *marks(BY_NAME[name]).values()) for each in re.findall(r"\$\{?(\w+)", query)}
    assert used <= known


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_nobody_asks_for_raw_rows_of_five_seconds(name, panel):
    fine = ("arousal", "beat", "hrv_window")
    for target in panel.targets:
        if target.query.source in fine:
            alone = len(target.query.columns) == 1 and target.query.columns[0].text.startswith("last(")
            newest = target.query.limit == 1 or alone or "${__to}ms -" in target.query.when
            assert target.query.every or newest, "once a pixel, or the newest rows alone"


@pytest.mark.influx
@ALL
def test_a_real_server_understands_every_query(name, place):
    found = BY_NAME[name]
    for _, query in substituted(found, "p (one)/2", 489_600 * HOUR_NS, 490_000 * HOUR_NS, 1800):
        assert rows(place, query) == []
    for query in (*variables(found).values(), *(substitute(mark, "p", 0, HOUR_NS, 60) for mark in marks(found).values())):
        assert rows(place, query) == []


# ---------------------------------------------------------------- words

SAID = {"title", "description", "content", "text", "displayName", "noValue", "label", "alias", "definition"}
CODES = {"query", "definition", "current", "options_of_variable"}


def words(found: Any, key: str = "") -> Iterator[str]:
    """Everything in a board that somebody reads."""
    if isinstance(found, dict):
        if found.get("id") in ("displayName", "noValue") and isinstance(found.get("value"), str):
            yield found["value"]
        for name, value in found.items():
            if name != "datasource":
                yield from words(value, name)
    elif isinstance(found, list):
        for value in found:
            yield from words(value, key)
    elif isinstance(found, str) and key in SAID:
        yield found
    elif isinstance(found, str) and key == "query":
        yield from re.findall(r'AS "([^"]+)"', found)


@ALL
def test_a_board_says_nothing_that_no_report_may_say(name):
    assert not {each: found for each in words(BY_NAME[name]) if (found := breaches(each, "en"))}


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_panel_says_what_it_may_be_read_as_under_a_plain_short_name(name, panel):
    assert len(panel.about) > 60 and panel.about.rstrip("*").endswith(".")
    assert len(panel.title) <= 30 and not panel.title.endswith((".", "?", "!"))


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_an_empty_panel_says_no_more_than_that_there_is_nothing(name, panel):
    if panel.targets:
        assert panel.defaults["noValue"]
        assert "worn" not in panel.defaults["noValue"] and "0" not in panel.defaults["noValue"]


def test_the_clinic_s_board_asks_nothing_of_a_body():
    asked = " ".join(each.query for each in queries(BY_NAME["clinic"]))
    named = set(IDENTIFIER.findall(asked))
    assert not named & {"arousal_z", "arousal_index", "hr_bpm", "rmssd_ms", "hour_summary", "finding", "rating", "social_event", "breathing", "baseline"}


def test_coverage_is_the_biggest_figure_of_the_clinician_s_board():
    sizes = {panel["title"]: panel["options"]["text"]["valueSize"] for panel in in_json("clinician") if panel["type"] == "stat"}
    assert max(sizes, key=sizes.__getitem__) == "Coverage" and list(sizes.values()).count(sizes["Coverage"]) == 1


def test_what_was_covered_comes_before_what_came_of_it():
    titles = [panel["title"] for panel in in_json("clinician") if panel["type"] != "row"]
    order = [
        "What this is",
        "Wear time by day",
        "Beats",
        "Reactions by kind",
        "Moments",
        "Half-way back",
        "Heart rate at rest",
        "Planned steps",
        "What cannot be said",
    ]
    assert [title for title in titles if title in order] == order


# ---------------------------------------------------------------- colours

WHITE, NEAR_BLACK = "#ffffff", "#181b1f"
PLAIN = ("text", "transparent")


def luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return sum(
        weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4) for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
    )


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colours(found: Any, key: str = "") -> Iterator[str]:
    if isinstance(found, dict):
        for name, value in found.items():
            yield from colours(value, name)
    elif isinstance(found, list):
        for value in found:
            yield from colours(value, key)
    elif isinstance(found, str) and ("olor" in key or re.fullmatch(r"#[0-9a-fA-F]{6,8}", found)) and key not in ("colorMode", "colorStrategy"):
        yield found


@ALL
def test_every_colour_is_seen_in_both_themes(name):
    found = {each for each in colours(BY_NAME[name]) if each not in PLAIN}
    assert all(re.fullmatch(r"#[0-9a-f]{6}([0-9a-f]{2})?", each) for each in found), "a colour by name is Grafana's, and may be red or green"
    assert all(min(contrast(each, WHITE), contrast(each, NEAR_BLACK)) >= 3 for each in found if len(each) == 7)


def test_words_on_a_coloured_cell_are_read():
    cells = [each for name in NAMES for panel in in_json(name) for each in panel.get("fieldConfig", {}).get("overrides", ())]
    shaded = [{one["id"]: one["value"] for one in each["properties"]} for each in cells if "color-background" in json.dumps(each)]
    behind = {step["color"] for each in shaded for step in each["thresholds"]["steps"]}
    assert behind and all(contrast(colour, WHITE) >= 4.5 for colour in behind)


def hue(colour: str) -> tuple[float, float]:
    """(hue in degrees, saturation) of a colour."""
    import colorsys

    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    turn, _, saturation = colorsys.rgb_to_hls(red, green, blue)
    return 360 * turn, saturation


@ALL
def test_nothing_is_red_or_green(name):
    strong = [hue(each) for each in colours(BY_NAME[name]) if each not in PLAIN and hue(each)[1] > 0.25]
    assert not [turn for turn, _ in strong if turn < 20 or turn > 340 or 75 < turn < 160]


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_no_series_is_left_to_grafana_s_own_colours(name, panel):
    if panel.kind == "text":
        return
    mode = panel.defaults.get("color", {}).get("mode", "")
    coloured = {each.which for each in panel.overrides if "color" in each.properties}
    series = names_of(panel) - {"Time"}
    assert mode in ("fixed", "shades", "thresholds") or all(
        any(is_named(which, "byRegexp" if which.startswith("/") else "byName", {one}) for which in coloured) for one in series
    )
    assert mode != "thresholds" or "thresholds" in panel.defaults


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_cell_coloured_by_steps_has_steps_of_ours(name, panel):
    by_steps = [each.properties for each in panel.overrides if each.properties.get("color", {}).get("mode") == "thresholds"]
    assert all("thresholds" in each for each in by_steps)
