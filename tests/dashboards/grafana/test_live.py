"""The board of now: its words are the page's, its line is never drawn where nothing was measured, and every moment leads to its own time."""

import math
import re
from itertools import combinations, product

import pytest
from influx import rows
from mapped import said

from dashboards.grafana.asking import marks, queries, substitute
from dashboards.grafana.boards.live import BOARD, RISES, SLOWINGS
from dashboards.grafana.build import as_json
from dashboards.grafana.kinds import fixed, lines
from dashboards.grafana.levels import FLOOR, LEVELS, PER_SD, TICKS, TYPICAL, in_words, inked, on_axis
from dashboards.grafana.look import GATES, USUAL
from dashboards.grafana.panels.live import age, arousal, gate, heart, movement, now, quality, rmssd, stood, straps, tagged
from dashboards.live.texts import text
from dashboards.picture import look
from ingest.ble.states import State
from somalink.domain.types import Gate, word
from somalink.pipeline.links import LOW_PCT
from somalink.pipeline.why import KINDS_FIRST
from somalink.storage.coverage import USABLE_Q
from somalink.storage.influx.server import Place, Server

JSON = as_json(BOARD)
SECOND_NS = 10**9


def index(z: float) -> float:
    return min(100.0, max(0.0, TYPICAL + PER_SD * z))


def panel(which) -> dict:
    return next(each for each in JSON["panels"] if each["id"] == which.PANEL.id)


def override(of: dict, name: str, by: str = "byName") -> dict:
    (found,) = [each for each in of["fieldConfig"]["overrides"] if each["matcher"] == {"id": by, "options": name}]
    return {each["id"]: each["value"] for each in found["properties"]}


# ---------------------------------------------------------------- words


def test_levels_are_the_pictures():
    assert [(each.words.lower(), each.tick) for each in LEVELS] == [(each.phrase, each.tick) for each in look.LEVELS]
    assert [each.low for each in LEVELS] == [index(each.from_z) if each.from_z > -5 else each.from_z for each in look.LEVELS]


@pytest.mark.parametrize("z", [-6.0, -2.0, -1.01, -0.99, -0.3, 0.0, 0.99, 1.01, 1.99, 2.01, 2.99, 3.01, 3.99, 9.0])
def test_a_number_is_said_as_the_page_says_it(z):
    assert said(in_words(), index(z)).lower() == look.level(z).phrase


def test_the_axis_has_words_where_levels_begin_and_no_bare_number():
    assert {at: said(on_axis(), at) for at in TICKS} == TICKS
    assert {at for at in range(0, 101, 10) if said(on_axis(), at).strip()} == set(TICKS)
    assert said(on_axis(), 33.3) == "About your usual"


def test_ink_changes_where_the_words_do_and_the_floor_is_below():
    lows = [step["value"] for step in inked()["steps"]]
    assert lows == [None, FLOOR, 40, 80] and said(in_words(), 0) == LEVELS[0].words
    assert set(lows[2:]) <= {level.low for level in LEVELS}


def test_links_and_gates_are_worded_as_on_the_page():
    assert list(straps.LINKS) == [state.value for state in State]
    assert all(words.lower() == text(f"link.{state}").lower() for state, words in straps.LINKS.items())
    assert set(movement.WORDS) == {word(each) for each in Gate}
    assert {gate for gate, words in movement.WORDS.items() if words.endswith("not judged")} == {word(each) for each in look.NOT_JUDGED}


def test_limits_are_those_of_the_program():
    assert straps.LOW_PCT == LOW_PCT
    assert rmssd.GOOD == USABLE_Q


# ---------------------------------------------------------------- the line


def test_no_line_is_drawn_where_nothing_was_measured():
    drawn = [each for each in JSON["panels"] if each["type"] in ("timeseries", "state-timeline")]
    assert len(drawn) == 5
    for each in drawn:
        assert each["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False, each["title"]
        for target in each["targets"]:
            assert re.search(r'GROUP BY time\(\$__interval\)(, "device_id")? fill\(null\)$', target["query"]), each["title"]
    assert lines(1, "x", "x", ()).defaults["custom"]["spanNulls"] is False


def test_the_band_lies_between_its_ends_and_weak_points_are_dashed_and_apart():
    drawn = panel(arousal)
    assert override(drawn, "hi")["custom.fillBelowTo"] == "lo"
    assert override(drawn, "lo")["custom.lineWidth"] == override(drawn, "hi")["custom.lineWidth"] == 0
    assert override(drawn, "weak")["custom.lineStyle"]["fill"] == "dash"
    assert override(drawn, "weak")["displayName"] == "Drawn, not judged"
    assert [[column.name for column in each.columns] for each in (arousal.BAND, arousal.JUDGED, arousal.WEAK)] == [["lo", "hi"], ["ok"], ["weak"]]


def test_no_line_is_a_mean_of_two_devices():
    drawn = [target["query"] for each in JSON["panels"] if each["type"] in ("timeseries", "state-timeline") for target in each["targets"]]
    assert all('"device_id"' in each.rpartition("GROUP BY")[2] or each == arousal.BAND.text for each in drawn)
    assert '"device_id"' in arousal.ENDS.text and not [column for column in arousal.BAND.columns if column.text.startswith("mean")]


def test_the_legend_has_one_line_of_one_colour_for_what_is_judged():
    """Coloured by its level the line would lend the legend whichever level came last."""
    drawn = panel(arousal)
    line = override(drawn, f"/^{arousal.LINE}: /", "byRegexp")
    assert line["custom.hideFrom"]["legend"] and not override(drawn, "weak").get("custom.hideFrom")
    assert [name for name in ("lo", "hi") if not override(drawn, name)["custom.hideFrom"]["legend"]] == ["hi"]
    assert override(drawn, "hi")["color"] == fixed(USUAL) and override(drawn, "hi")["displayName"].startswith(arousal.LINE)


def oklab(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """Of linear light; after B. Ottosson."""
    long, middle, short = (
        (r * red + g * green + b * blue) ** (1 / 3)
        for r, g, b in (
            (0.4122214708, 0.5363325363, 0.0514459929),
            (0.2119034982, 0.6806995451, 0.1073969566),
            (0.0883024619, 0.2817188376, 0.6299787005),
        )
    )
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


SIGHTS = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "no blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""What is left of red, green and blue light, after Machado, Oliveira and Fernandes (2009), severity 1."""


def seen(colour: str, sight: str) -> tuple[float, float, float]:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    light = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return oklab(*(sum(weight * part for weight, part in zip(row, light, strict=True)) for row in SIGHTS[sight]))


@pytest.mark.parametrize("sight", SIGHTS)
def test_what_the_body_did_can_be_told_apart_in_the_lane_by_everybody(sight):
    apart = {pair: 100 * math.dist(*(seen(gate.GREYS[each], sight) for each in pair)) for pair in combinations(gate.GREYS, 2)}
    assert min(apart.values()) >= 6.9, min(apart, key=apart.__getitem__)


def test_the_lane_says_its_words_where_they_fit_and_empty_has_no_colour():
    drawn = panel(gate)
    assert drawn["options"]["showValue"] == "never" and drawn["options"]["legend"]["showLegend"]
    words, empty = drawn["fieldConfig"]["defaults"]["mappings"]
    assert {name: each["text"] for name, each in words["options"].items()} == {word(each): GATES[word(each)][0] for each in Gate}
    assert empty["options"]["match"] == "null" and empty["options"]["result"]["color"] == "transparent"


def test_regions_and_marks_are_named_as_grafana_names_columns():
    """A plain `stop_ms` would draw no region and make the number the title."""
    rises, slower, points = JSON["annotations"]["list"]
    for each in (rises, slower):
        assert each["target"]["timeEndColumn"] == "episode.stop_ms" and each["target"]["titleColumn"] == "episode.label"
    assert points["target"]["titleColumn"] == "social_event.label" and "timeEndColumn" not in points["target"]
    for each in (rises, slower, points):
        selected = set(re.findall(r'"(\w+)"', each["target"]["query"].partition(" FROM ")[0]))
        used = {name.rpartition(".")[2] for key, name in each["target"].items() if key.endswith("Column")}
        assert used == selected, "a column nobody uses becomes the title"
        assert each["filter"] == {"exclude": False, "ids": [arousal.PANEL.id, heart.PANEL.id]}


def test_slower_moments_are_drawn_when_asked_for_and_every_kind_has_a_region():
    rises, slower, points = JSON["annotations"]["list"]
    assert [each["enable"] for each in (rises, slower, points)] == [True, False, True]
    assert sorted((*RISES, *SLOWINGS)) == sorted(KINDS_FIRST)


def test_after_one_sentence_a_phone_has_the_line_and_what_the_body_did():
    order = sorted(JSON["panels"], key=lambda each: (each["gridPos"]["y"], each["gridPos"]["x"]))
    assert [each["id"] for each in order[:3]] == [now.PANEL.id, arousal.PANEL.id, gate.PANEL.id]


def test_every_moment_leads_to_its_own_time_and_to_the_clinicians_board():
    for which in (stood, tagged):
        of = panel(which)
        (to_moment,) = override(of, "Time")["links"]
        assert "from=${__data.fields.win_from_ms}&to=${__data.fields.win_to_ms}&var-person=${person:percentencode}" in to_moment["url"]
        assert all(override(of, name)["custom.hideFrom.viz"] for name in ("win_from_ms", "win_to_ms"))
        assert override(of, "label")["links"][0]["url"].startswith("/d/somalink-clinician/")


def test_the_newest_row_is_found_from_the_end():
    assert age.PANEL.any_time and age.NEWEST.text.endswith("ORDER BY time DESC LIMIT 1")


def test_nothing_here_judges_a_level():
    """No dashed line, no area, no colour of a notice on what the body does."""
    assert "thresholdsStyle" not in panel(arousal)["fieldConfig"]["defaults"]["custom"]
    assert panel(quality)["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "dashed"}


# ---------------------------------------------------------------- against a server


@pytest.fixture
def server(place: Place):
    opened = Server(place)
    yield opened
    opened.close()


def asked(which, start_ns: int, stop_ns: int) -> str:
    (found,) = [each.query for each in queries(JSON) if each.panel_id == which.PANEL.id]
    return substitute(found, "p/1 (a)", start_ns, stop_ns, 60)


def arousal_line(z: float, se: float, t_ns: int, usable: int = 1) -> str:
    low, high = index(z - look.SURE_SE * se), index(z + look.SURE_SE * se)
    return rf"arousal,person_id=p/1\ (a),device_id=d,device_tier=A arousal_lo={low!r},arousal_hi={high!r},hr_bpm=60,usable={usable} {t_ns}"


@pytest.mark.influx
def test_where_the_band_covers_two_words_the_one_nearer_to_the_usual_is_said(place, server):
    cases = list(product((-4.0, -1.5, -0.5, 0.0, 0.7, 1.4, 2.3, 3.2, 5.0), (0.1, 0.5, 1.0)))
    begin = 1_764_400_000 * SECOND_NS
    server.write(place.bucket, [arousal_line(z, se, begin + 3600 * SECOND_NS * n) for n, (z, se) in enumerate(cases)])
    for n, (z, se) in enumerate(cases):
        at = begin + 3600 * SECOND_NS * n
        (row,) = rows(place, asked(now, at - 6 * 3600 * SECOND_NS, at + SECOND_NS))
        assert said(in_words(), row["Now"]).lower() == look.level(z, se).phrase, (z, se)


@pytest.mark.influx
def test_now_is_what_could_be_judged_in_the_last_five_minutes(place, server):
    end = 1_764_400_000 * SECOND_NS
    server.write(place.bucket, [arousal_line(2.5, 0.1, end - 400 * SECOND_NS)])
    assert rows(place, asked(now, end - 3600 * SECOND_NS, end)) == []
    server.write(place.bucket, [arousal_line(1.5, 0.1, end - 200 * SECOND_NS), arousal_line(3.5, 0.1, end - 100 * SECOND_NS, usable=0)])
    (row,) = rows(place, asked(now, end - 3600 * SECOND_NS, end))
    assert said(in_words(), row["Now"]) == "A little above your usual"
    (row,) = rows(place, asked(age, 0, SECOND_NS))
    assert row["time"] == end - 100 * SECOND_NS


@pytest.mark.influx
def test_a_hole_stays_a_hole_in_line_and_lane(place, server):
    begin = 1_764_399_960 * SECOND_NS  # a whole minute
    minutes = [0, 1, 2, 40, 41]
    server.write(
        place.bucket, [rf'arousal,person_id=p/1\ (a),device_id=d,device_tier=A hr_bpm=60,gate="recovery" {begin + m * 60 * SECOND_NS}' for m in minutes]
    )
    for which, column in ((heart, "Heart rate"), (gate, "last")):
        found = rows(place, asked(which, begin, begin + 42 * 60 * SECOND_NS))
        assert [n for n, row in enumerate(found) if row[column] is not None] == minutes


@pytest.mark.influx
def test_a_mark_has_all_it_needs_and_of_two_devices_one_counts(place, server):
    at = 1_764_400_000 * SECOND_NS
    begins = r"episode,person_id=p/1\ (a),kind=spike,id="
    ours = f'{begins}e1 label="A moment that stood out, 4 min",gate="still",lead=true,stop_ms=1764400240000i {at}'
    server.write(place.bucket, [ours, f'{begins}e2 label="By the other device",gate="still",lead=false,stop_ms=1764400240000i {at}'])
    query = substitute(marks(JSON)["Moments that stood out"], "p/1 (a)", at - SECOND_NS, at + SECOND_NS, 60)
    assert rows(place, query) == [{"time": at, "label": "A moment that stood out, 4 min", "gate": "still", "stop_ms": 1_764_400_240_000}]


@pytest.mark.influx
def test_a_strap_is_as_it_told_last_of_each_thing_however_long_ago(place, server):
    told = [(9, 'state="streaming",reason=""'), (8, "battery_pct=80"), (7, "contact=1"), (3, 'state="lost",reason="disconnect"'), (2, "battery_pct=12")]
    at = 1_764_400_000 * SECOND_NS
    server.write(place.bucket, [rf"device_status,person_id=p/1\ (a),device_id=d,device_tier=A {said} {at - days * 86_400 * SECOND_NS}" for days, said in told])
    (row,) = rows(place, asked(straps, at - SECOND_NS, at))
    assert (row["device_id"], row["device_tier"]) == ("d", "A")
    assert (straps.LINKS[row["state"]], row["contact"], row["battery"]) == ("Out of reach, being looked for", 1, 12)
