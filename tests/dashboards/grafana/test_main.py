"""The generator writes what is committed, notices what is stale, and writes another zone's days where it is asked to."""

import json

import pytest

from dashboards.grafana.__main__ import main
from dashboards.grafana.build import NAMES, as_json
from dashboards.grafana.kinds import text
from dashboards.grafana.model import Board, Row


def test_what_is_committed_is_not_stale(capsys):
    assert (main(["--check"]), capsys.readouterr().out) == (0, "")


def test_a_changed_file_is_stale_and_the_difference_is_shown(tmp_path, capsys):
    main(["--to", str(tmp_path)])
    file = tmp_path / "clinic.json"
    file.write_text(file.read_text().replace('"title": "Clinic"', '"title": "Clinics"'))
    (tmp_path / "live.json").unlink()
    assert main(["--check", "--to", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert '- "title": "Clinics"' in said and '+ "title": "Clinic"' in said and '+ "uid": "somalink-live"' in said


def test_it_writes_the_same_bytes_every_time(tmp_path):
    for name in ("one", "two"):
        main(["--to", str(tmp_path / name)])
    assert all((tmp_path / "one" / f"{name}.json").read_bytes() == (tmp_path / "two" / f"{name}.json").read_bytes() for name in NAMES)


def test_a_clinic_s_zone_is_that_of_its_days_and_of_its_clock(tmp_path):
    main(["--to", str(tmp_path), "--tz", "Europe/Berlin"])
    found = json.loads((tmp_path / "clinician.json").read_text())
    (zone,) = (each for each in found["templating"]["list"] if each["name"] == "tz")
    assert (zone["query"], zone["current"]["value"], zone["hide"], found["timezone"]) == ("Europe/Berlin", "Europe/Berlin", 2, "Europe/Berlin")


def test_a_row_that_is_not_as_wide_as_the_grid_is_refused():
    panel = text(1, "A", "a", "a")
    with pytest.raises(ValueError, match="24 wide, and A are 20"):
        as_json(Board("u", "t", "a", (Row(4, ((panel, 20),)),), "now-1h"))
