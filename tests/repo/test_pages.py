"""Pages that speak of the program in detail say what the program says: commands, Bluetooth, exports, examples."""

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest
from desk import laid_out

from ingest import chain, clocking
from ingest.ble import notes
from ingest.ble.states import MEANINGS
from ingest.ble.trouble import TROUBLES
from somalink.domain.measurements import MEASUREMENTS
from somalink.storage.export import TABLES

ROOT = Path(__file__).resolve().parents[2]
EXPORTS = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")


def loaded(file: Path) -> ModuleType:
    """A script as a module, without running it."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---------------------------------------------------------------- the command line


def test_the_page_of_commands_is_what_the_program_says():
    writer = loaded(ROOT / "docs" / "write_pages.py")
    assert writer.PAGE.read_text(encoding="utf-8") == writer.page(), "run `make docs`"


def test_every_option_has_a_word_of_help():
    rows = re.findall(r"^\| `(-.*)` \| (.*?) \|", loaded(ROOT / "docs" / "write_pages.py").page(), re.MULTILINE)
    assert len(rows) > 80 and not [option for option, said in rows if not said]


# ---------------------------------------------------------------- InfluxDB


def test_the_tables_of_measurements_are_what_the_table_in_the_code_says():
    writer = loaded(ROOT / "docs" / "write_pages.py")
    page = writer.INFLUXDB.read_text(encoding="utf-8")
    assert page == writer.with_parts(page, writer.INFLUXDB_PARTS), "run `make docs`"
    assert re.findall(r"^### (\w+)$", page, re.MULTILINE) == list(MEASUREMENTS)


# ---------------------------------------------------------------- devices


def test_the_page_of_devices_is_what_the_catalogue_says():
    writer = loaded(ROOT / "docs" / "write_pages.py")
    page = writer.DEVICES.read_text(encoding="utf-8")
    assert page == writer.with_parts(page, writer.DEVICES_PARTS), "run `make docs`"
    assert set(re.findall(r"<!-- (\w+): written by make docs -->", page)) == set(writer.DEVICES_PARTS)


# ---------------------------------------------------------------- Bluetooth


def test_what_is_said_of_links_waits_and_troubles_is_what_the_program_says():
    writer = loaded(ROOT / "docs" / "write_pages.py")
    page = writer.BLUETOOTH.read_text(encoding="utf-8")
    assert page == writer.with_parts(page), "run `make docs`"
    assert set(re.findall(r"<!-- (\w+): written by make docs -->", page)) == set(writer.PARTS)


def test_every_state_and_trouble_and_its_steps_are_on_the_page():
    page = (ROOT / "docs" / "bluetooth.md").read_text(encoding="utf-8")
    assert all(meaning.words in page and meaning.help in page for meaning in MEANINGS.values())
    for trouble in TROUBLES.values():
        assert f"**{trouble.words}** (`{trouble.id}`)" in page
        assert all(step in page for step in (trouble.steps.linux, trouble.steps.darwin, trouble.steps.win32))


def test_every_reason_of_a_gap_in_a_live_recording_is_explained_and_none_that_is_gone():
    page = (ROOT / "docs" / "bluetooth.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    of_the_link = {value for name, value in vars(notes).items() if name.isupper() and isinstance(value, str)} - {
        notes.CHARACTERISTIC, notes.UP, notes.DOWN, notes.STILL, notes.STREAMS, notes.UPRIGHT, notes.STOP,
    }  # fmt: skip
    found_later = {word for source in (chain, clocking) for word in re.findall(r"\"([a-z_]+)\"", inspect.getsource(source))}
    assert of_the_link <= named
    assert named - of_the_link == found_later & {"hole", "silence", "suspend", "drift", "clock_step", "lagging"} - of_the_link


# ---------------------------------------------------------------- exports


def sections() -> dict[str, str]:
    """The page by its headings."""
    parts = re.split(r"^## (.+)$", EXPORTS, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_an_export_is_explained_and_none_that_is_gone(table):
    alone = sections().get(table)
    if alone is None:  # small tables share one, a row or more each
        rows = re.search(rf"^\| {table} \|.*\n(?:\|  ?\|.*\n)*", sections()["sessions, plans, baselines, profile"], re.MULTILINE)
        assert rows, f"docs/export.md says nothing of {table}"
        named = re.findall(r"`(\w+)`", " ".join(row.split("|")[2] for row in rows[0].splitlines()))
    else:
        named = re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in alone.splitlines() if row.startswith("| `")))
    columns = [column.rsplit(":", 1)[0] for column in TABLES[table].columns.split()]
    assert sorted(named) == sorted(columns + (["note"] if table == "events" else []))


# ---------------------------------------------------------------- examples


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laid_out(tmp_path_factory.mktemp("examples"))


def run(name: str, *words: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """As typed: `python examples/NAME WORDS`."""
    import runpy

    monkeypatch.setattr("sys.argv", [name, *map(str, words)])
    runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")


def test_an_export_can_be_read_with_nothing_but_python(desk, monkeypatch, capsys):
    from somalink.domain.constants import Constants
    from somalink.pipeline.intake import from_path
    from somalink.pipeline.person import settle_person
    from somalink.pipeline.run import RECORDING, Mode, run_archive
    from somalink.storage.export import export
    from somalink.storage.local import LocalStore

    with LocalStore.open(desk / "me.db") as store:
        run_archive(store, from_path(desk / "my-day"), Mode(RECORDING), Constants())
        settle_person(store, "me", Constants())
        export(store, ["episodes", "coverage"], "csv", desk / "tables")
    run("read_an_export.py", desk / "tables", monkeypatch=monkeypatch)
    assert re.fullmatch(r"me: 0\.7 usable hours, 1 spikes, 1\.\d\d an hour; [\d.]+ by chance alone\n", capsys.readouterr().out)


def test_a_log_of_ones_own_becomes_a_recording_that_can_be_read(desk, monkeypatch, capsys):
    from ingest.recording import read_folder

    lines = [f"2026-03-02T09:{second // 60:02}:{second % 60:02}+01:00,{1000 if second != 30 else 'lost'}" for second in range(100)]
    (desk / "log.csv").write_text("\n".join(lines) + "\n")
    run("write_a_recording.py", desk / "log.csv", desk / "written", monkeypatch=monkeypatch)
    assert capsys.readouterr().out.startswith("100 beats")
    made = read_folder(desk / "written")
    assert (made.received, made.refused) == (100, {"not_a_number": 1})


def test_cutting_changes_nothing(monkeypatch, capsys):
    run("cut_it_as_you_like.py", monkeypatch=monkeypatch)
    assert capsys.readouterr().out.endswith(": equal\n")


def test_a_replay_can_be_watched(desk, monkeypatch, capsys):
    run("watch_a_replay.py", desk / "my-day", desk / "watched.db", 20000, monkeypatch=monkeypatch)
    said = capsys.readouterr().out
    assert "shown " in said and "stored " in said and "too slow" not in said


def test_a_device_of_ones_own_is_one_more_source(desk, monkeypatch, capsys):
    run("a_live_source.py", desk / "live.db", monkeypatch=monkeypatch)
    assert capsys.readouterr().out == "283 beats, 10 s lost: silence\n"


def test_every_example_is_run_and_on_its_page():
    scripts = {path.name for path in (ROOT / "examples").glob("*.py")}
    own, page = Path(__file__).read_text(encoding="utf-8"), (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert all(f'run("{name}"' in own and f"({name})" in page for name in scripts) and len(scripts) == 5
