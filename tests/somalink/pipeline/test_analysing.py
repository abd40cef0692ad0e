"""Stores and folders read anew: one job a person, results that appear whole or not at all, and are the same wherever they are made."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from analysed import CONSTANTS, ends_with_ben, life, replayed
from recording_folders import folder

from somalink.domain.errors import BadInput, EngineLocked, UsageError
from somalink.domain.types import Event
from somalink.pipeline import jobs
from somalink.pipeline.analysing import RESULT, UNDONE, Wish, analyse, said_of
from somalink.pipeline.jobs import carry_out, conclude, plan, prepare
from somalink.pipeline.run import RECORDING, Mode
from somalink.storage.export import export
from somalink.storage.local import LocalStore
from somalink.storage.locks import RESULTS_LOCK, results_lock

parquet = pytest.importorskip("pyarrow.parquet")
WISH = Wish(CONSTANTS, Mode(), 300, 60)


@pytest.fixture(scope="module")
def ada(tmp_path_factory) -> list[Path]:
    return life(tmp_path_factory.mktemp("ada"), minutes=40)


@pytest.fixture(scope="module")
def made(ada, tmp_path_factory) -> Path:
    """A folder with her result, to look at."""
    place = tmp_path_factory.mktemp("made")
    prepare(place, WISH)
    (done,) = carry_out(plan([ada[0].parent], WISH, place))
    assert (done.name, done.state) == ("ada", "done") and done.hours == pytest.approx(4 / 3, abs=0.1)
    conclude(place, WISH)
    return place


@pytest.fixture
def out(tmp_path) -> Path:
    prepare(tmp_path / "out", WISH)
    return tmp_path / "out"


def files(place: Path) -> dict[str, bytes]:
    return {str(file.relative_to(place)): file.read_bytes() for file in sorted(place.rglob("*")) if file.is_file()}


def test_a_persons_days_become_a_folder_of_tables_with_units_and_versions(made):
    assert {file.stem for file in (made / "ada").glob("*.parquet")} == {*RESULT, "windows"}
    windows = parquet.read_table(made / "ada" / "windows.parquet")
    assert windows.num_rows > 60 and windows.schema.field("HRV_SI").metadata[b"unit"] == b"1/s2" and windows.schema.field("stop_ns").metadata[b"unit"] == b"ns"
    assert json.loads(windows.schema.metadata[b"somalink"])["table"] == "windows"
    assert all(stop % (60 * 10**9) == 0 for stop in windows["stop_ns"].to_pylist())


def test_every_missing_feature_has_its_reason_and_every_reason_its_missing_feature(made):
    for row in parquet.read_table(made / "ada" / "windows.parquet").to_pylist():
        missing = [name for name, value in row.items() if name.startswith("HRV_") and value is None]
        assert bool(missing) == bool(row["reason"])


def test_the_results_are_for_their_owner_alone_and_leave_no_store_behind(made):
    assert not list(made.rglob("*.db*")) and [each.name for each in made.glob(".*")] == [RESULTS_LOCK]
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.rglob("*") if file.is_file()} == {0o600}
    assert stat.S_IMODE((made / "ada").stat().st_mode) == 0o700


def test_what_a_store_holds_and_what_is_made_of_it_anew_are_the_same_bytes(ada, out, tmp_path):
    kept = replayed(tmp_path / "kept.db", ada)
    with LocalStore.open(kept) as store:
        export(store, list(RESULT), "parquet", tmp_path / "exported")
    carry_out(plan([kept], WISH, out))
    for name in RESULT:
        assert (out / "ada" / f"{name}.parquet").read_bytes() == (tmp_path / "exported" / f"{name}.parquet").read_bytes(), name


def test_what_is_done_is_skipped_and_what_came_since_is_done(ada, out, tmp_path):
    jobs = plan(ada, WISH, out)
    assert [done.state for done in carry_out(jobs)] == ["done"]
    before = files(out)
    assert [done.state for done in carry_out(jobs)] == ["skipped"] and files(out) == before
    more = [*ada, *life(tmp_path / "later", days=3, minutes=10)[2:]]
    assert [done.state for done in carry_out(plan(more, WISH, out))] == ["done"]
    assert len(said_of(out / "ada")["inputs"]) == 3


def test_a_recording_that_cannot_be_read_stops_no_other_and_says_what_to_do(ada, out, tmp_path):
    broken = folder(tmp_path / "broken", meta={"person": "ben"}, steps="t_s,steps\n1,0\n")
    done = {each.name: each for each in carry_out(plan([broken, *ada], WISH, out), workers=1)}
    assert (done["ada"].state, done["ben"].state) == ("done", "failed")
    assert done["ben"].what and done["ben"].next_step
    assert not (out / "ben").exists()


def days_of(person: str, place: Path, days: int) -> list[Path]:
    return life(place, person=person, days=days, minutes=10)


def test_a_broken_recording_leaves_the_persons_others_their_result_and_is_told_until_it_is_mended(out, tmp_path):
    first, second = days_of("ben", tmp_path / "ben", 2)
    whole = (second / "rr.csv").read_text()
    (second / "rr.csv").write_text("")
    for _ in range(2):
        (done,) = carry_out(plan([first, second], WISH, out), workers=1)
        assert done.state == "failed" and "rr.csv" in done.what and done.next_step
        assert (said_of(out / "ben")["read"], said_of(out / "ben")["unread"]) == (["ben-1"], ["ben-2"])
        assert parquet.read_table(out / "ben" / "indices.parquet").num_rows > 60
    (second / "rr.csv").write_text(whole)
    assert [done.state for done in carry_out(plan([first, second], WISH, out), workers=1)] == ["done"]
    assert said_of(out / "ben")["read"] == ["ben-1", "ben-2"]


def test_a_recording_that_broke_since_does_not_take_itself_out_of_the_result_that_is_there(out, tmp_path):
    days = days_of("ben", tmp_path / "ben", 2)
    carry_out(plan(days, WISH, out), workers=1)
    before = files(out)
    (days[1] / "rr.csv").write_text("")
    (done,) = carry_out(plan(days, WISH, out), workers=1)
    assert done.state == "failed" and "holds ben-2" in done.what and files(out) == before


def test_nor_does_one_that_no_longer_says_whose_it_is(out, tmp_path):
    days = days_of("ben", tmp_path / "ben", 2)
    carry_out(plan(days, WISH, out), workers=1)
    before = files(out)
    (days[1] / "meta.json").write_text("{not json")
    (done,) = carry_out(plan(days, WISH, out, unread=[]), workers=1)
    assert done.state == "failed" and "holds ben-2" in done.what and files(out) == before


def test_a_folder_that_does_not_say_whose_it_is_stops_nobody(ada, out, tmp_path):
    days_of("ben", tmp_path / "all", 1)
    folder(tmp_path / "all" / "zed", meta="{not json")
    unread = []
    assert [job.name for job in plan([tmp_path / "all"], WISH, out, unread=unread)] == ["ben"]
    assert [(each.name, each.state) for each in unread] == [("zed", "failed")] and unread[0].next_step
    with pytest.raises(BadInput):
        plan([tmp_path / "all"], WISH, out)


def test_a_folder_of_ones_own_that_is_called_like_a_result_is_left_as_it_is(tmp_path):
    (day,) = days_of("ben", tmp_path / "days", 1)
    day.rename(tmp_path / "days" / "ben")
    before = files(tmp_path / "days" / "ben")
    prepare(tmp_path / "days", WISH)
    (done,) = carry_out(plan([tmp_path / "days"], WISH, tmp_path / "days"), workers=1)
    assert done.state == "failed" and "--out" in done.next_step
    assert files(tmp_path / "days" / "ben") == before


def test_what_somebody_laid_beside_a_result_is_never_deleted_with_it(out, tmp_path):
    days = days_of("ben", tmp_path / "ben", 2)
    carry_out(plan(days[:1], WISH, out), workers=1)
    (out / "ben" / "figure.svg").write_text("mine")
    (done,) = carry_out(plan(days, WISH, out), workers=1)
    assert done.state == "failed" and "figure.svg" in done.what and (out / "ben" / "figure.svg").read_text() == "mine"
    (out / "ben" / "figure.svg").unlink()
    assert [done.state for done in carry_out(plan(days, WISH, out), workers=1)] == ["done"]


def test_stores_with_one_name_and_one_change_number_are_two_inputs(out, tmp_path):
    states = []
    for seed, place in enumerate((tmp_path / "one", tmp_path / "two")):
        store = replayed(tmp_path / f"{seed}.db", life(place, days=1, minutes=10, seed=seed))
        states += [done.state for done in carry_out(plan([store.rename(place / "my.db")], WISH, out), workers=1)]
    assert states == ["done", "done"]


def test_a_copy_of_a_store_in_which_another_moment_was_tagged_is_another_input(out, tmp_path):
    kept = replayed(tmp_path / "kept.db", days_of("ben", tmp_path / "ben", 1))
    states, changes = [], set()
    for kind in ("conflict", "connection"):
        (tmp_path / kind).mkdir()
        copy = tmp_path / kind / "my.db"
        copy.write_bytes(kept.read_bytes())
        with LocalStore.open(copy) as store, store.transaction() as write:
            start_ns = store.recordings("ben")[0].row.start_ns
            write.put_event(Event("00000000-0000-4000-8000-00000000000a", "ben", kind, start_ns, start_ns, start_ns))
        with LocalStore.open(copy, read_only=True) as store:
            changes.add(store.change)
        states += [done.state for done in carry_out(plan([copy], WISH, out), workers=1)]
    assert len(changes) == 1 and states == ["done", "done"]


def test_where_a_text_file_was_lived_is_part_of_what_it_is(out, tmp_path):
    text = tmp_path / "beats.txt"
    text.write_text("\n".join(str(850 + n % 40) for n in range(900)))
    states = [carry_out(plan([text], replace(WISH, tz=tz), out), workers=1)[0].state for tz in ("UTC", "Asia/Tokyo", "Asia/Tokyo")]
    assert states == ["done", "done", "skipped"]
    conclude(out, WISH)
    assert json.loads((out / "analysis.json").read_text())["inputs"]["me"][0]["tz"] == "Asia/Tokyo"


def test_two_analyses_into_one_folder_are_not_done_at_once_and_the_first_keeps_what_it_makes(ada, out):
    draft = out / f".ada.abc{UNDONE}"
    draft.mkdir()
    (draft / "work.db").touch()
    with results_lock(out):
        prepare(out, WISH)
        with pytest.raises(EngineLocked, match="under way") as refused:
            carry_out(plan(ada, WISH, out), workers=1)
        assert draft.exists() and "--out" in refused.value.next_step
    carry_out(plan(ada, WISH, out), workers=1)
    assert not draft.exists()


def test_hidden_folders_that_are_not_ours_stay(ada, out):
    mine = out / f".mine{UNDONE}"
    mine.mkdir()
    (mine / "diary.txt").write_text("mine")
    carry_out(plan(ada, WISH, out), workers=1)
    assert (mine / "diary.txt").exists()


@pytest.mark.slow
def test_a_process_that_is_killed_takes_its_own_job_with_it_and_no_other(out, tmp_path, monkeypatch):
    people = [days_of(name, tmp_path / name, 1)[0] for name in ("ann", "ben", "cleo", "dan")]
    monkeypatch.setattr(jobs, "analyse", ends_with_ben)
    done = {each.name: each for each in carry_out(plan(people, WISH, out), workers=2)}
    assert len(done) == 4 and {name for name, each in done.items() if each.state == "failed"} == {"ben"}
    assert "memory" in done["ben"].what and sorted(each.name for each in out.iterdir() if each.is_dir()) == ["ann", "cleo", "dan"]


def test_against_itself_every_recording_is_a_job_of_its_own(ada, tmp_path):
    wish = replace(WISH, mode=Mode(RECORDING))
    prepare(tmp_path / "out", wish)
    jobs = plan(ada, wish, tmp_path / "out")
    assert [job.name for job in jobs] == ["ada-ada-1", "ada-ada-2"]
    assert analyse(jobs[0]).state == "done"
    assert parquet.read_table(tmp_path / "out" / "ada-ada-1" / "baselines.parquet")["mode"].to_pylist() == ["within_recording"]


def test_two_people_of_one_store_are_two_jobs_and_one_can_be_asked_for(ada, out, tmp_path):
    both = replayed(tmp_path / "both.db", [*ada, *life(tmp_path / "ben", person="ben", days=1, minutes=10)])
    assert [job.name for job in plan([both], WISH, out)] == ["ada", "ben"]
    assert [job.name for job in plan([both], WISH, out, person="ben")] == ["ben"]


def test_names_that_no_folder_may_have_stay_apart(out, tmp_path):
    odd = [folder(tmp_path / str(k), meta={"person": name}, rr="t_s,rr_ms\n1,800\n") for k, name in enumerate(("a/b", "a_b"))]
    names = [job.name for job in plan(odd, WISH, out)]
    assert len(set(names)) == 2 and not any("/" in name for name in names)


def test_a_text_file_is_of_whoever_asks(out, tmp_path):
    text = tmp_path / "beats.txt"
    text.write_text("\n".join(str(850 + n % 40) for n in range(900)))
    (job,) = plan([text], WISH, out, user="me")
    assert job.person == "me" and analyse(job).state == "done"


def test_a_folder_with_another_analysis_is_left_alone(ada, out):
    with pytest.raises(UsageError, match="another analysis"):
        prepare(out, replace(WISH, window_s=60))
    with pytest.raises(UsageError, match="another analysis"):
        prepare(out, replace(WISH, constants=replace(CONSTANTS, index_slope=10.0)))


def test_the_whole_says_with_what_and_from_what_it_was_made(made):
    said = json.loads((made / "analysis.json").read_text())
    assert said["analysis"] == WISH.analysis and said["constants"]["beat"]["win"] == 91 and said["libraries"]["numpy"]
    assert all(len(found["sha256"]) == 64 for found in said["inputs"]["ada"])


def test_what_is_nothing_of_ours_is_said_by_name(out, tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "not there"):
        with pytest.raises(BadInput, match=path.name):
            plan([path], WISH, out)


@pytest.mark.slow
def test_two_processes_give_the_same_bytes_as_one(ada, out, tmp_path):
    people = [ada[0].parent, *(life(tmp_path / name, person=name, days=1, seed=k)[0] for k, name in enumerate(("ben", "cleo")))]
    carry_out(plan(people, WISH, out), workers=1)
    prepare(tmp_path / "two", WISH)
    assert {done.state for done in carry_out(plan(people, WISH, tmp_path / "two"), workers=2)} == {"done"}
    assert files(out) == files(tmp_path / "two")


@pytest.mark.slow
def test_interrupted_it_leaves_what_is_done_and_goes_on_with_the_rest(tmp_path):
    # Ben's days last long enough that he is not done too before anybody can interrupt.
    people = [*life(tmp_path / "ann", person="ann", days=1, minutes=60, seed=0), *life(tmp_path / "ben", person="ben", days=8, minutes=600, seed=1)]
    words = [Path(sys.executable).with_name("somalink"), "analyse", *people, "--out", tmp_path / "out", "--windows", "300/5", "--jobs", "2"]
    running = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    until = time.monotonic() + 120
    while not (tmp_path / "out" / "ann").exists() and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130 and b"Traceback" not in said, said
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [RESULTS_LOCK, "analysis.json", "ann"]
    again = subprocess.run([str(word) for word in [*words, "--json"]], capture_output=True, check=True)
    assert json.loads(again.stdout)["done"] == ["ben"] and json.loads(again.stdout)["skipped"] == ["ann"]
