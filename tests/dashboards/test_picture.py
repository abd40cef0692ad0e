"""Pictures of a day, a week and a year: what they say, what they leave empty, and that they can be written anywhere."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.picture import DayModel, Facts, day_model, draw, draw_day, draw_week, draw_year, look, sentences
from dashboards.picture.canvas import SMALL
from dashboards.picture.day import SIDE_X, across, day_page, day_table
from dashboards.picture.model import NO_ROWS, LocalTime, Part
from dashboards.picture.traces import runs
from dashboards.picture.week import span_table, week_page
from somalink.domain.catalogue import KINDS
from somalink.domain.errors import StoreError, UsageError
from somalink.domain.time import HOUR_NS
from somalink.domain.timeline import Timeline
from somalink.domain.types import Gap, Gate, Grid, Stream, UtcOffset

NEVER = re.compile(r"stress|anxious|abnormal|alert|trigger|failed|good job", re.IGNORECASE)


@pytest.fixture
def model(full_day) -> DayModel:
    return day_model(full_day.reader, "A", full_day.day, full_day.facts)


def empty_day(full_day) -> DayModel:
    return day_model(full_day.reader, "A", full_day.day + timedelta(days=3), full_day.facts)


def words(model: DayModel) -> str:
    return "\n".join(" | ".join(row) for row in day_table(model))


# ---------------------------------------------------------------- the model


def test_a_minute_without_beats_is_empty_and_is_not_joined(model: DayModel) -> None:
    hole = slice(model.minutes.at(full(11.5)), model.minutes.at(full(11.5)) + 5)
    assert np.isnan(model.minutes.hr[hole]).all()
    assert (model.minutes.gate[hole] == NO_ROWS).all()


def full(hour: float) -> int:
    from datetime import UTC, datetime

    return int(datetime(2026, 11, 12, tzinfo=UTC).timestamp() + (hour - 1) * 3600) * 10**9


def test_walking_settling_and_weak_signal_are_measured_and_not_judged(model: DayModel) -> None:
    minutes = model.minutes
    for hour in (8.3, 8.8, 13.7):
        at = minutes.at(full(hour))
        assert minutes.known[at]
        assert not minutes.judged[at]
    assert minutes.weak[minutes.at(full(13.7))]
    assert minutes.gate[minutes.at(full(8.3))] == Gate.MOVING


def test_hours_add_up_to_what_was_measured(model: DayModel, full_day) -> None:
    rows = full_day.reader.grids["h10"]
    assert model.measured_s == 5 * len(rows)
    assert model.usable_s == 5 * np.count_nonzero(np.isin(rows.gate, (0, 1, 2)) & (rows.hr_q >= 6000))
    assert all(hour.usable_s + hour.unjudged_s + hour.weak_s <= 3600 for hour in model.hours)


def test_moments_are_numbered_in_time_and_tags_know_their_matches(model: DayModel) -> None:
    assert [moment.label for moment in model.moments] == ["1", "a", "2", "3"]
    assert [moment.episode.id for moment in model.moments] == ["s1", "s0", "s2", "s3"]
    conflict = next(tag for tag in model.tags if tag.event.kind == "conflict")
    assert [(match.label, match.verdict) for match in conflict.matches] == [("1", "linked")]


def test_the_chance_of_a_day_is_its_usable_hours_times_their_rate(model: DayModel) -> None:
    assert model.by_chance == pytest.approx(0.1 * model.usable_s / 3600)


def test_a_chance_rate_that_is_not_known_is_not_guessed(full_day) -> None:
    full_day.reader.baseline_list = [replace(full_day.reader.baseline_list[0], chance_all=None)]
    blank = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    assert blank.by_chance is None
    assert "is not known yet" in sentences.chance_note(blank)


def test_two_devices_are_drawn_as_one_line_and_a_moment_of_the_silent_one_is_not(full_day) -> None:
    rows, silent = full_day.reader.grids["h10"], full_day.reader.episode_list[0].id
    full_day.reader.grids = {"watch": rows.take(slice(0, 100)), "h10": rows}
    line = Timeline(rows, ("h10", "watch"), (np.arange(len(rows)) < 100).astype(np.int64))
    model = day_model(full_day.reader, "A", full_day.day, replace(full_day.facts, timeline=lambda start, stop: line, beside={silent}))
    assert model.measured_s == 5 * len(rows)
    assert model.device_s == {"h10": 5 * (len(rows) - 100), "watch": 500}
    assert sentences.worn(model).endswith("and watch 8 min.")
    assert silent not in {each.episode.id for moment in model.moments for each in moment.whole}
    with pytest.raises(ValueError, match="who speaks"):
        day_model(full_day.reader, "A", full_day.day, full_day.facts)


def test_a_hole_in_a_device_that_was_silent_is_none(full_day) -> None:
    rows = full_day.reader.grids["h10"]
    full_day.reader.grids = {"watch": rows, "h10": rows}
    full_day.reader.gap_list = [Gap(Stream.RR, full(10.0), full(10.05), "silence")]
    full_day.reader.gaps = lambda person, device, start, stop: full_day.reader.gap_list if device == "h10" else []

    def holes(who: int) -> int:
        line = Timeline(rows, ("h10", "watch"), np.full(len(rows), who))
        return day_model(full_day.reader, "A", full_day.day, replace(full_day.facts, timeline=lambda start, stop: line)).short.count

    assert (holes(0), holes(1)) == (1, 0)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 23), (date(2026, 10, 24), 25), (date(2026, 6, 1), 24)])
def test_a_local_day_is_as_long_as_it_is(day: date, hours: int) -> None:
    spring, autumn = 1774746000 * 10**9, 1792890000 * 10**9
    local = LocalTime((UtcOffset(0, 3600), UtcOffset(spring, 7200), UtcOffset(autumn, 3600)))
    start, stop = local.day_start_ns(day), local.day_start_ns(day + timedelta(days=1))
    assert stop - start == hours * HOUR_NS
    assert local.clock(start) == local.clock(stop) == "04:00"
    assert local.day_of(start) == day == local.day_of(stop - 1)


def test_a_coarser_line_keeps_every_minute_of_a_moment(model: DayModel) -> None:
    coarse = model.minutes.every(3)
    drawn = coarse.finer_within(model.minutes, [model.moments[0].around_ns])
    start, stop = model.moments[0].around_ns
    inside = (drawn.start_ns >= start) & (drawn.start_ns < stop)
    assert np.count_nonzero(inside) == (stop - start) // (60 * 10**9)
    assert np.nanmax(drawn.z) == np.nanmax(model.minutes.z)
    assert (np.diff(drawn.start_ns) > 0).all()


def test_getting_up_in_the_middle_of_a_moment_does_not_make_it_higher(full_day) -> None:
    rows = full_day.reader.grids["h10"]
    up = (rows.stop_ns > full(9.95)) & (rows.stop_ns <= full(10.0))
    full_day.reader.grids = {"h10": replace(rows, gate=np.where(up, int(Gate.POSTURE), rows.gate), z=np.where(up, 90_000, rows.z))}
    assert day_model(full_day.reader, "A", full_day.day, full_day.facts).moments[0].z < 5


# ---------------------------------------------------------------- the words


def test_a_fresh_reader_finds_the_five_answers_in_words(model: DayModel) -> None:
    said = words(model)
    for answer in (
        "Mostly about your usual, three moments stood out, in the 7.4 of 9.8 hours that could be judged",
        "09:52–10:18 | quick rise, well above, still | clear",
        "Three quick rises in the 7.4 usable hours; about one such would show up by chance alone.",
        "moment 1: a likely match, 8 in 10",
        "moment 2: possibly, 2 in 10",
        "11:16 to 11:45 (strap out of reach or dry)",
        "39 min moving",
        "; end not seen",
    ):
        assert answer in said


def test_no_page_uses_a_word_that_judges(full_day, model: DayModel) -> None:
    every = [
        words(model),
        words(empty_day(full_day)),
        *look.KIND_WORDS.values(),
        *look.GATE_WORDS.values(),
        *look.GAP_WORDS.values(),
        *sentences.BASIS_WORDS.values(),
    ]
    assert not [text for text in every if NEVER.search(text)]


def test_the_line_under_the_claim_says_what_chance_alone_would_bring(full_day, model: DayModel) -> None:
    assert sentences.base(model) == "in the 7.4 of 9.8 hours that could be judged; three quick rises, where chance alone brings about one"
    assert sentences.base(model) in {text.get_text() for text in day_page(model).figure.texts}
    full_day.reader.episode_list = []
    calm = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    assert sentences.base(calm) == sentences.of_how_much(calm)


def test_an_unsure_level_gets_the_word_nearer_to_usual() -> None:
    assert look.level(2.2).phrase == "above your usual"
    assert look.level(2.2, se=0.5).phrase == "a little above your usual"
    assert look.level(-1.5).phrase == "below your usual"
    assert look.level(-1.5, se=0.5).phrase == "about your usual"


def test_every_kind_of_tag_has_a_word_and_a_glyph() -> None:
    assert set(look.KIND_WORDS) == set(look.GLYPHS) == set(KINDS)


def test_a_day_without_a_usual_is_drawn_and_not_compared(full_day, tmp_path: Path) -> None:
    rows = full_day.reader.grids["h10"]
    blank = np.full(len(rows), np.iinfo(np.int32).min, np.int64)
    full_day.reader.grids = {"h10": replace(rows, z=blank, se=blank)}
    full_day.reader.episode_list = []
    unknown = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    assert sentences.claim(unknown) == "Still learning your usual: drawn, not compared"
    assert (unknown.usable_s, unknown.worn) == (0, True)
    draw_day(unknown, tmp_path / "day.png")


def test_an_unworn_day_says_so(full_day, tmp_path: Path) -> None:
    nothing = empty_day(full_day)
    assert sentences.title(nothing) == "Nothing was recorded"
    draw_day(nothing, tmp_path / "day.html")
    assert "Nothing was recorded" in (tmp_path / "day.html").read_text()


def test_a_person_without_any_device_has_an_empty_picture(full_day) -> None:
    full_day.reader.grids = {}
    full_day.reader.episode_list = []
    assert not day_model(full_day.reader, "A", full_day.day).worn


def test_the_parts_of_a_worn_day_add_up_to_it_in_rows_and_in_words(model: DayModel) -> None:
    assert model.worn_ns is not None
    assert sum(model.part_s.values()) * 10**9 == model.worn_ns[1] - model.worn_ns[0]
    assert model.part_s[Part.USABLE] == model.usable_s
    said = sentences.worn(model)
    whole, *parts = [60 * int(h or 0) + int(m or 0) for h, m in re.findall(r"(?<!\d:)\b(?:(\d+) h)? ?(?:(\d+) min)?(?= [a-z=])", said) if h or m]
    assert whole == sum(parts)


@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=7))
def test_rounded_minutes_add_up_to_the_rounded_whole(values: list[int]) -> None:
    part_s = dict(zip(Part, values, strict=False))
    rounded = sentences.whole_minutes(part_s)
    assert sum(rounded.values()) == round(sum(values) / 60)
    assert all(abs(60 * rounded[part] - s) <= 60 for part, s in part_s.items())


def test_a_quick_rise_in_a_longer_stretch_is_told_as_part_of_it(full_day) -> None:
    rise = full_day.reader.episode_list[0]
    full_day.reader.episode_list.append(replace(rise, id="long", kind="elevated", start_ns=rise.start_ns - 120 * 10**9, truncated=False))
    model = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    assert [moment.label for moment in model.moments] == ["1", "a", "2", "3"]
    assert [len(moment.rises) for moment in model.moments] == [1, 0, 0, 0]
    assert sentences.what(model, model.moments[0]).startswith("longer above, with a quick rise at 09:5")
    assert len(model.spikes) == 3
    assert next(tag for tag in model.tags if tag.event.kind == "conflict").matches[0].label == "1"


def test_where_rises_and_moments_differ_in_number_the_note_says_in_which_moments_the_rises_are(full_day) -> None:
    rise = full_day.reader.episode_list[0]
    full_day.reader.episode_list.append(replace(rise, id="long", kind="elevated", start_ns=full(15.0), peak_ns=full(15.1), stop_ns=full(15.3)))
    noted = sentences.chance_note(day_model(full_day.reader, "A", full_day.day, full_day.facts))
    assert noted.startswith("Three quick rises in these four moments in the 7.4 usable hours;")


def test_every_letter_under_the_curve_is_named_with_its_time(full_day) -> None:
    slow = full_day.reader.episode_list[3]
    later = [(slow.start_ns + k * 12 * 60 * 10**9, k) for k in range(5)]
    full_day.reader.episode_list = [replace(slow, id=f"l{k}", start_ns=at, peak_ns=at + 60 * 10**9, stop_ns=at + 120 * 10**9) for at, k in later]
    model = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    listed = " ".join(text.get_text() for text in day_page(model).figure.texts)
    assert all(sentences.when(model, moment) in listed for moment in model.slower)
    assert "and d " in listed


def test_an_end_that_was_not_seen_says_what_came_then(full_day) -> None:
    rise = full_day.reader.episode_list[0]
    ends = {10.31: "moving", 11.27: "no signal", 13.5: "weak signal"}
    rows = full_day.reader.grids["h10"]
    walking = (rows.stop_ns > full(10.3)) & (rows.stop_ns <= full(10.5))
    full_day.reader.grids = {"h10": replace(rows, gate=np.where(walking, int(Gate.MOVING), rows.gate))}
    full_day.reader.episode_list = [
        replace(rise, id=str(hour), start_ns=full(hour - 0.2), peak_ns=full(hour - 0.1), stop_ns=full(hour), truncated=True) for hour in ends
    ]
    assert [moment.then for moment in day_model(full_day.reader, "A", full_day.day, full_day.facts).moments] == list(ends.values())


def test_only_the_moments_that_differ_carry_a_word_of_certainty(model: DayModel) -> None:
    assert [sentences.sureness(moment) for moment in model.risen] == ["clear", "clear", "uncertain"]
    assert [sentences.told(model, moment, model.risen).endswith("· uncertain") for moment in model.risen] == [False, False, True]
    assert sentences.chance_note(model).endswith("Each one is clear in itself, but where marked uncertain.")


def test_within_one_recording_nothing_is_called_your_usual(full_day) -> None:
    full_day.reader.baseline_list = [replace(full_day.reader.baseline_list[0], mode="recording")]
    model = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    drawn = "\n".join(text.get_text() for text in day_page(model).figure.texts)
    assert "Compared within this recording only." in drawn
    assert "your usual" not in drawn + words(model)


def test_a_day_without_tags_says_so(full_day) -> None:
    full_day.reader.event_list = []
    model = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    assert sentences.NO_TAGS in words(model)
    assert sentences.NO_TAGS in {text.get_text() for text in day_page(model).figure.texts}


# ---------------------------------------------------------------- the page


def test_html_is_one_file_with_the_drawing_and_the_words_and_nothing_from_outside(model: DayModel, tmp_path: Path) -> None:
    out = tmp_path / "day.html"
    draw_day(model, out)
    page = out.read_text()
    assert page.count("<svg") == 1
    assert "you tagged" in page
    assert "<h2>In words</h2>" in page
    assert not re.search(r"<script|<link|@import|src=|href=\"http", page)
    assert out.stat().st_mode & 0o777 == 0o600


def test_the_same_day_is_the_same_file(model: DayModel, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        draw_day(model, tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_names_in_a_recording_cannot_write_into_the_page(full_day, tmp_path: Path) -> None:
    odd = "<script>x</script>"
    model = replace(day_model(full_day.reader, "A", full_day.day, full_day.facts), person=odd)
    draw_day(model, tmp_path / "day.html")
    assert odd not in (tmp_path / "day.html").read_text()


def test_a_day_with_as_many_moments_as_chance_brings_says_so_in_its_title(full_day) -> None:
    full_day.reader.baseline_list = [replace(full_day.reader.baseline_list[0], chance_all=0.4)]
    assert sentences.claim(day_model(full_day.reader, "A", full_day.day, full_day.facts)).endswith("three moments stood out, no more than by chance")
    assert sentences.at_least(1, 1.0) == pytest.approx(1 - np.exp(-1))


def test_simulated_days_say_so_on_the_page_and_in_words(full_day, tmp_path: Path) -> None:
    model = day_model(full_day.reader, "A", full_day.day, replace(full_day.facts, simulated=True))
    draw_day(model, tmp_path / "day.html")
    assert "SIMULATED, not a person" in (tmp_path / "day.html").read_text()
    assert "A made-up wearer" in words(model)


def test_nothing_is_set_smaller_than_eight_points_and_nothing_leaves_the_page(model: DayModel) -> None:
    page = day_page(model)
    for text in page.figure.texts:
        box = text.get_window_extent().transformed(page.figure.transFigure.inverted())
        assert text.get_fontsize() >= 8, text.get_text()
        assert box.x0 >= 0, text.get_text()
        assert box.x1 <= 1, text.get_text()
        assert box.y0 >= 0, text.get_text()
        assert box.y1 <= 1, text.get_text()
    assert SMALL >= 8


def test_words_do_not_lie_on_words(full_day) -> None:
    """Tags a few minutes apart, and more moments than fit: their texts give way, they do not overlap."""
    reader = full_day.reader
    close = [replace(reader.event_list[1], id=f"x{k}", t_ns=reader.event_list[1].t_ns + k * 120 * 10**9) for k in range(6)]
    many = [replace(reader.episode_list[0], id=f"m{k}", start_ns=reader.episode_list[0].start_ns + k * 20 * 60 * 10**9) for k in range(15)]
    reader.event_list, reader.episode_list = reader.event_list + close, many
    model = day_model(reader, "A", full_day.day, full_day.facts)
    for page in (day_page(model), week_page([model])):
        boxes = [(text.get_text(), text.get_window_extent()) for text in page.figure.texts if not text.get_text().isdigit()]
        overlaps = [(a, b) for k, (a, one) in enumerate(boxes) for b, other in boxes[k + 1 :] if one.padded(-2).overlaps(other.padded(-2))]
        assert overlaps == []


def test_a_number_stands_over_its_own_time_and_the_later_one_higher(full_day) -> None:
    reader = full_day.reader
    first, step = reader.episode_list[0], 3 * 60 * 10**9
    reader.episode_list = [
        replace(first, id=f"m{k}", start_ns=first.start_ns + k * step, peak_ns=first.peak_ns + k * step, stop_ns=first.start_ns + (k + 1) * step)
        for k in range(4)
    ]
    model = day_model(reader, "A", full_day.day, full_day.facts)
    page = day_page(model)
    places = {text.get_text(): text for text in page.figure.texts if text.get_text() in {"1", "2", "3", "4"} and text.get_position()[0] < SIDE_X / page.width}
    boxes = [places[moment.label].get_window_extent() for moment in model.moments]
    assert not [1 for k, one in enumerate(boxes) for other in boxes[k + 1 :] if one.overlaps(other)]
    for moment in model.moments:
        assert places[moment.label].get_position()[0] * page.width == pytest.approx(across(model, moment.top_ns))
    assert [box.y0 for box in boxes] == sorted(box.y0 for box in boxes)


def test_every_picture_has_the_same_scale_and_marks_what_is_beyond_it(full_day) -> None:
    rows = full_day.reader.grids["h10"]
    full_day.reader.grids = {"h10": replace(rows, z=np.where(rows.stop_ns < full(8.1), 70_000, rows.z))}
    model = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    for page in (day_page(model), week_page([model])):
        levels = [axes for axes in page.figure.axes if axes.get_ylim() == look.Z_RANGE]
        assert len(levels) == 1
        assert [line for line in levels[0].lines if line.get_marker() == 6]


def test_what_is_beyond_the_scale_is_in_the_legend_only_where_it_occurs(full_day, model: DayModel) -> None:
    rows = full_day.reader.grids["h10"]
    full_day.reader.grids = {"h10": replace(rows, z=np.where(rows.stop_ns < full(8.1), 70_000, np.minimum(rows.z, 30_000)))}
    beyond = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    full_day.reader.grids = {"h10": replace(rows, z=np.clip(rows.z, -20_000, 30_000))}
    within = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    for each, occurs in ((beyond, True), (within, False)):
        for page in (day_page(each), week_page([each])):
            assert ("beyond the scale" in {text.get_text() for text in page.figure.texts}) == occurs


def test_a_minute_that_was_not_judged_is_shaded_however_short(full_day) -> None:
    """Whatever the line is drawn in: on so long a day a point of it is two minutes."""
    rows = full_day.reader.grids["h10"]
    up = (rows.stop_ns > full(15.0)) & (rows.stop_ns <= full(15.0) + 60 * 10**9)
    full_day.reader.grids = {"h10": replace(rows, gate=np.where(up, int(Gate.POSTURE), int(Gate.STILL)), hr_q=np.full(len(rows), 9500))}
    full_day.reader.episode_list = []
    model = day_model(full_day.reader, "A", full_day.day, full_day.facts)
    level = next(axes for axes in day_page(model).figure.axes if axes.get_ylim() == look.Z_RANGE)
    shaded = [area for area in level.collections if area.get_zorder() == 0.9]
    assert len(shaded) == 1
    assert np.ptp(shaded[0].get_paths()[0].vertices[:, 0]) == pytest.approx(1.0)


def days(full_day, count: int) -> list[DayModel]:
    return [day_model(full_day.reader, "A", full_day.day - timedelta(days=back), full_day.facts) for back in reversed(range(count))]


def test_a_week_has_a_row_a_day_and_days_not_worn_stay_empty(full_day, tmp_path: Path) -> None:
    models = days(full_day, 7)
    draw_week(models, tmp_path / "week.html")
    page = (tmp_path / "week.html").read_text()
    assert page.count("not worn") == 6
    assert len(span_table(models)) == 1 + 1
    assert "Worn on one of seven days" in page


def test_a_year_begins_with_its_first_worn_day(full_day, tmp_path: Path) -> None:
    models = days(full_day, 60)
    draw_year(models, tmp_path / "year.html")
    page = (tmp_path / "year.html").read_text()
    assert "Five tags: Connection 1, Conflict 1, Group 1, Reached out 1, Support 1." in page
    assert "Worn on one of one day." in page


@pytest.mark.parametrize("span", ["day", "week", "year"])
def test_one_door_draws_every_span(full_day, span, tmp_path: Path) -> None:
    draw(full_day.reader, "A", span, full_day.day, tmp_path / "out.png", full_day.facts)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_another_kind_is_refused_with_a_next_step(model: DayModel, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"day\.pdf") as refused:
        draw_day(model, tmp_path / "day.pdf")
    assert "day.html" in refused.value.next_step


def test_a_folder_that_cannot_be_written_is_named(model: DayModel, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        draw_day(model, tmp_path / "no" / "day.png")


def test_importing_the_pictures_imports_no_matplotlib() -> None:
    code = "import sys, dashboards.picture; sys.exit('matplotlib' in sys.modules or 'pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[2])


def test_runs_are_half_open() -> None:
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert runs(np.zeros(0, bool)) == []


def test_an_empty_grid_has_no_minutes_known(full_day) -> None:
    full_day.reader.grids = {"h10": Grid.empty()}
    assert not day_model(full_day.reader, "A", full_day.day, Facts()).minutes.known.any()
