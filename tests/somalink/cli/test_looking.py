"""What a store holds is said with its loss and its chance beside it; a picture is one command away."""

import stat
from zoneinfo import ZoneInfo

import pytest
from ecg_sent import keep, sent

from somalink.cli.moments import LocalTime
from somalink.cli.words import holding_lines
from somalink.domain.constants import Constants
from somalink.domain.time import iso
from somalink.pipeline.holdings import Holding, Stage
from somalink.storage.local import LocalStore


def test_status_says_how_much_is_usable_and_what_chance_would_have(typed, lived):
    said = typed("status", "--json").json
    (device,) = said["people"]["ada"]
    assert said["totals"]["beats_received"] == said["totals"]["beats_stored"] + sum(said["totals"]["beats_refused"].values()) > 50_000
    assert device["usable_s"] == said["totals"]["usable_s"] > 0
    assert device["spikes"] == said["totals"]["episodes"]
    assert device["spikes_per_h"] == pytest.approx(device["spikes"] * 3600 / device["usable_s"])
    # Two days hold fewer than eight still hours: the usual is not in use yet, and nobody can say what chance would have.
    assert device["chance_per_h"] is None and device["chance_s"] == device["chance_spikes"] == 0
    assert said["bytes"] >= lived.stat().st_size > 0
    assert (device["simulated"], device["recordings"], device["recording_now"]) == (True, 2, False)


def test_status_is_words_for_people(typed, lived):
    said = typed("status").out
    for words in ("ada   (simulated", "last beat Tue 3 Mar 2026", "usable", "by chance is not known yet", "no engine runs", "received ="):
        assert words in said
    assert not {"stress", "anxious", "abnormal"} & set(said.split())


def test_what_stood_out_is_compared_with_chance_over_the_same_hours():
    days = Holding("ada", "strap", "B", 2, False, None, None, 36_000, Stage("nearly", 9.0), None, 10, 0.5, 14_400, 3, False)
    said = "\n".join(holding_lines("ada", [days], LocalTime(ZoneInfo("UTC"), ()), Constants()))
    assert "10 in 10.0 h usable: 1.00 an hour; in the 4.0 h whose chance is known 3, by chance alone about 2.0" in said


def test_a_limited_rhythm_is_said_calmly_from_five_minutes_on_and_not_before():
    def said(seconds: int) -> str:
        held = Holding("ada", "strap", "B", 2, False, None, None, 36_000, Stage("nearly", 9.0), None, 10, 0.5, 14_400, 3, False, rhythm_s=seconds)
        return "\n".join(holding_lines("ada", [held], LocalTime(ZoneInfo("UTC"), ()), Constants()))

    assert "rhythm     limited for 2.0 h: variability is not shown there, arousal rests on heart rate alone" in said(7200)
    assert "rhythm" not in said(295)


def test_status_sees_the_engine_of_another_process(typed, lived, engine):
    with engine(lived, "ada", "Simulated strap"):
        assert typed("status", "--json").json["people"]["ada"][0]["recording_now"] is True
    assert typed("status", "--json").json["people"]["ada"][0]["recording_now"] is False


def test_status_of_somebody_who_only_tagged(typed):
    typed("tag", "support", "--person", "ben")
    assert "no device was worn yet" in typed("status").out
    assert typed("status", "--json").json["people"] == {"ben": []}


def test_looking_makes_no_store_and_changes_none(typed, lived, tmp_path):
    assert typed("status", "--store", tmp_path / "none.db").code == 1 and not (tmp_path / "none.db").exists()
    with LocalStore.open(lived) as store:
        before = store.change
    typed("status")
    with LocalStore.open(lived) as store:
        assert store.change == before


def test_a_tag_of_a_recorded_day_is_linked_at_once(typed, lived):
    with LocalStore.open(lived) as store:
        spike = next(e for e in store.episodes("ada", 0, 1 << 62) if e.kind == "spike" and e.quality > 0.6)
    event = typed("tag", "conflict", "--at", iso(spike.start_ns), "--certainty", "1", "--json").json
    with LocalStore.open(lived) as store:
        links = [link for link in store.links("ada") if link.event_id == event["id"]]
    assert {link.verdict for link in links} >= {"none"} and len(links) >= 2


def test_the_newest_day_is_drawn_where_it_was_lived(typed, lived, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    said = typed("show", "--json").json
    assert (said["file"], said["last"], said["simulated"]) == ("somalink-ada-day-2026-03-03.html", "2026-03-03", True)
    picture = tmp_path / said["file"]
    assert b"<svg" in picture.read_bytes() and stat.S_IMODE(picture.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--day", "yesterday-ish"), "--day"),
        (("--year", "MMXXVI"), "--year"),
        (("--day", "2026-03-02", "--week", "2026-03-02"), "do not go together"),
        (("--day", "2026-03-02", "--out", "day.pdf"), ".html or .png"),
    ],
)
def test_a_picture_that_cannot_be_meant_ends_in_words(typed, lived, monkeypatch, tmp_path, words, what):
    monkeypatch.chdir(tmp_path)
    ended = typed("show", *words)
    assert ended.code == 2 and what in ended.err


def test_an_empty_store_has_no_newest_day(typed, tmp_path):
    LocalStore.open(tmp_path / "somalink.db").close()
    ended = typed("show")
    assert ended.code == 1 and "replay a recording" in ended.err


def test_why_answers_in_words_and_in_json(typed, lived):
    with LocalStore.open(lived) as store:
        spike = next(e for e in store.episodes("ada", 0, 1 << 62) if e.kind == "spike")
    typed("tag", "conflict", "--at", iso(spike.onset_ns), "--certainty", "1", "--note", "between us")
    said = typed("why", "--at", iso(spike.onset_ns))
    assert said.code == 0 and said.out.splitlines()[1] == "A moment stood out here."
    for words in ("heart rate", "still", "needed", "Prompts are off.", "Conflict", "times in 100"):
        assert words in said.out
    told = typed("why", "--at", iso(spike.onset_ns), "--json")
    assert (told.json["answer"], told.json["prompt"]["reason"]) == ("spike", "off")
    assert told.json["tag"]["links"][0]["episode_id"] == spike.id
    by_tag = typed("why", "--event", told.json["tag"]["event"]["id"][:8], "--json").json
    assert by_tag["episode"]["id"] == spike.id
    assert "between us" not in said.out + told.out


def test_a_time_of_day_is_that_of_the_recording(typed, lived):
    assert typed("why", "--at", "2026-03-02T12:00", "--json").json["local"] == "2026-03-02T12:00:00+01:00"


def test_why_needs_a_moment(typed, lived):
    for words in ((), ("--at", "2026-03-02T12:00", "--event", "f00")):
        ended = typed("why", *words)
        assert ended.code == 2 and "--at" in ended.err
    assert "Nothing was recorded here" in typed("why", "--at", "2026-02-01T12:00").out


def test_every_reason_has_its_words():
    from somalink.cli import because
    from somalink.domain.catalogue import HR_REASONS, HRV_REASONS, REJECTIONS, Z_REASONS

    assert set(REJECTIONS) == set(because.REJECTED)
    assert set(HR_REASONS) <= set(because.HR_WORDS) and set(Z_REASONS) <= set(because.Z_WORDS) and set(HRV_REASONS) - {""} <= set(because.HRV_WORDS)


def test_an_ecg_is_one_option_away_and_says_how_well_the_strap_sits(typed, tmp_path):
    with LocalStore.open(tmp_path / "somalink.db") as store:
        keep(store, sent(120))
    out = tmp_path / "ecg.html"
    said = typed("show", "--ecg", "--out", out, "--json").json
    assert said["file"] == str(out) and said["trace"] == "The trace is clean." and said["beats"] > 30 and said["lag_ms"] > 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600 and "<svg" in out.read_text()
    assert "The trace is clean." in typed("show", "--ecg", "--out", out).out


def test_an_ecg_that_is_not_there_says_how_to_get_one(typed, lived):
    none = typed("show", "--ecg")
    assert none.code == 1 and "--ecg-check" in none.err
    assert typed("show", "--ecg", "--day", "2026-03-02").code == 2
    assert typed("show", "--at", "14:00").code == 2
