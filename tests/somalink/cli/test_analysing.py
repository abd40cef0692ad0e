"""The command as it is typed: what is printed, what is refused, and how it ends."""

import json
import tomllib

import pytest
from analysed import EARLIER, life, replayed
from recording_folders import folder

from somalink.domain.constants import Constants
from somalink.pipeline.frozen import constants_text, read_constants
from somalink.storage.local import LocalStore


@pytest.fixture
def short(tmp_path):
    return life(tmp_path / "ada", days=1, minutes=12)[0]


def test_a_folder_is_analysed_into_a_folder_named_after_the_analysis(typed, short, tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    ended = typed("analyse", short, "--windows", "60/30", "--json")
    assert ended.code == 0 and ended.json["done"] == ["ada"]
    assert (tmp_path / ended.json["out"] / "ada" / "windows.parquet").exists() and ended.json["out"] == f"analysis-{ended.json['analysis']}"
    again = typed("analyse", short, "--windows", "60/30")
    assert again.code == 0 and "1 skipped" in again.out and "ada: done before" in again.err


def test_windows_of_corrected_beats_are_another_analysis_and_say_so(typed, short, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    lines = (short / "rr.csv").read_text().splitlines()
    (_, short_ms), (until_s, next_ms) = (line.split(",") for line in lines[400:402])
    lines[400:402] = [f"{until_s},{float(short_ms) + float(next_ms)}"]
    (short / "rr.csv").write_text("\n".join(lines) + "\n")
    plain, corrected = (tmp_path / "plain", tmp_path / "corrected")
    assert typed("analyse", short, "--out", plain).code == 0
    assert typed("analyse", short, "--out", corrected, "--corrected").code == 0
    assert typed("analyse", short, "--out", plain, "--corrected").code == 2
    assert [json.loads((out / "analysis.json").read_text())["windows"]["corrected"] for out in (plain, corrected)] == [False, True]
    assert "1 skipped" in typed("analyse", short, "--out", corrected, "--corrected").out
    beats = [parquet.read_table(out / "ada" / "windows.parquet")["n_beats"].to_numpy() for out in (plain, corrected)]
    assert (beats[1] - beats[0]).max() == 1


def test_a_job_that_fails_is_listed_with_its_next_step_and_the_command_ends_with_1(typed, short, tmp_path):
    pytest.importorskip("pyarrow")
    (short / "rr.csv").unlink()
    ended = typed("analyse", short, "--out", tmp_path / "out")
    assert ended.code == 1 and "1 failed" in ended.out
    assert "neither rr.csv nor" in ended.err and "next:" in ended.err


def test_the_constants_are_printed_as_they_can_be_read_back(typed, tmp_path):
    printed = typed("analyse", "--print-constants").out
    assert tomllib.loads(printed)["beat"]["win"] == 91
    (tmp_path / "c.toml").write_text(printed)
    assert read_constants(tmp_path / "c.toml") == Constants()


def test_a_changed_constant_is_another_analysis(typed, short, tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "c.toml").write_text("[spike]\nmerge_s = 60\n")
    ended = typed("analyse", short, "--constants", tmp_path / "c.toml", "--out", tmp_path / "out", "--json")
    assert ended.json["analysis"] != Constants().analysis("personal")
    assert json.loads((tmp_path / "out" / "analysis.json").read_text())["constants"]["spike"]["merge_s"] == 60


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[spike]\nmerge = 60\n", "no constant spike.merge"),
        ("merge_s = 60\n", "no constant merge_s"),
        ("[spike]\nmerge_s = 60.5\n", "spike.merge_s is 60.5, not a whole number"),
        ("[spike]\nmerge_s = true\n", "spike.merge_s is True"),
        ("[beat]\nrr_ms = [300]\n", "beat.rr_ms is [300], not 2 values"),
        ("beat = 5\n", "beat is a table"),
        ("[beat\n", "not TOML"),
    ],
)
def test_constants_that_are_none_are_refused_by_name(typed, short, tmp_path, text, named):
    (tmp_path / "c.toml").write_text(text)
    ended = typed("analyse", short, "--constants", tmp_path / "c.toml")
    assert ended.code == 1 and named in ended.err and "--print-constants" in ended.err


def test_a_whole_number_will_do_for_a_number_and_names_the_same_analysis(tmp_path):
    (tmp_path / "c.toml").write_text("index_slope = 20\n")
    assert read_constants(tmp_path / "c.toml").analysis("personal") == Constants().analysis("personal")
    assert tomllib.loads(constants_text(Constants()))["index_slope"] == 20.0


@pytest.mark.parametrize("windows", ["300", "5/5", "300/7", "300/0", "-1/5", "300/5s"])
def test_windows_that_cannot_be_are_refused(typed, short, windows):
    ended = typed("analyse", short, "--windows", windows)
    assert ended.code == 2 and "300/5" in ended.err


def test_with_nothing_to_analyse_it_says_what_it_takes(typed):
    assert typed("analyse").code == 2


def test_one_who_cannot_be_read_again_is_listed_and_the_others_are_read(typed, short, tmp_path):
    watch = folder(tmp_path / "watch", meta={"tier": "D", "person": "abe"}, hr="t_s,hr_bpm\n" + "".join(f"{k},{70 + k % 3}\n" for k in range(600)))
    old = replayed(tmp_path / "old.db", [watch, short], version=EARLIER)
    ended = typed("analyse", "--keep", old, "--json")
    assert ended.code == 1 and "abe: " in ended.err and "next: name its recording folder" in ended.err
    assert [each["person"] for each in ended.json["people"]] == ["ada"] and [each["person"] for each in ended.json["failed"]] == ["abe"]


def test_a_store_of_an_older_version_is_read_again_into_itself(typed, short, tmp_path):
    old = replayed(tmp_path / "old.db", [short], version=EARLIER)
    refused = typed("replay", short, "--store", old, "--no-hrv")
    assert refused.code == 2 and f"somalink analyse --keep {old}" in refused.err
    ended = typed("analyse", "--keep", old, "--json")
    assert ended.code == 0 and ended.json["people"][0]["changed"] is True
    assert typed("replay", short, "--store", old, "--no-hrv").code == 0
    assert "is read so already" in typed("analyse", "--keep", old).out
    with LocalStore.open(old) as store:
        assert store.current_analysis("ada") == Constants().analysis("personal")


@pytest.mark.parametrize("other", [("--out", "out"), ("--scheduler", "tcp://w1:8786"), ("--windows", "60/30"), ("--hrv",), ("--corrected",), ("--jobs", "2")])
def test_keeping_takes_nothing_that_it_would_not_go_by(typed, tmp_path, other):
    ended = typed("analyse", tmp_path / "s.db", "--keep", *other)
    assert ended.code == 2 and other[0] in ended.err


def test_a_text_file_beside_a_kept_store_is_of_whoever_asks(typed, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setenv("SOMALINK_PERSON", "ada")
    monkeypatch.setattr("somalink.pipeline.superseding.supersede", lambda *_, user, **__: asked.append(user) or [])
    assert typed("analyse", tmp_path / "s.db", tmp_path / "beats.txt", "--keep").code == 0
    assert asked == ["ada"]


def test_a_folder_without_a_readable_meta_is_listed_and_the_others_are_done(typed, short, tmp_path):
    pytest.importorskip("pyarrow")
    (short.parent / "zed").mkdir()
    (short.parent / "zed" / "meta.json").write_text("{not json")
    ended = typed("analyse", short.parent, "--out", tmp_path / "out", "--json")
    assert ended.code == 1 and ended.json["done"] == ["ada"]
    assert [each["job"] for each in ended.json["failed"]] == ["zed"] and ended.json["failed"][0]["next_step"]
