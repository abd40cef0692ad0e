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
from analysed import CONSTANTS, life, replayed
from recording_folders import folder

from somalink.domain.errors import BadInput, UsageError
from somalink.pipeline.analysing import RESULT, Wish, analyse, said_of
from somalink.pipeline.jobs import carry_out, conclude, plan, prepare
from somalink.pipeline.run import RECORDING, Mode
from somalink.storage.export import export
from somalink.storage.local import LocalStore

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
    assert not list(made.rglob("*.db*")) and not list(made.glob(".*"))
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
    people = [life(tmp_path / name, person=name, days=1, minutes=60 * (1 + 9 * k), seed=k)[0] for k, name in enumerate(("ann", "ben"))]
    words = [Path(sys.executable).with_name("somalink"), "analyse", *people, "--out", tmp_path / "out", "--windows", "300/5", "--jobs", "2"]
    running = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    until = time.monotonic() + 120
    while not (tmp_path / "out" / "ann").exists() and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130 and b"Traceback" not in said, said
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["analysis.json", "ann"]
    again = subprocess.run([str(word) for word in [*words, "--json"]], capture_output=True, check=True)
    assert json.loads(again.stdout)["done"] == ["ben"] and json.loads(again.stdout)["skipped"] == ["ann"]
