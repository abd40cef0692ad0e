"""`somalink run` in one terminal, everything else in another: as a person sits at it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_strap import heart
from strap_program import ROOT, StrapProgram

pytestmark = pytest.mark.e2e

SPEED = 8
NAME = "Polar H10 51C0FFEE"
PATIENCE_S = 60


def typed(*words: str) -> list[str]:
    return [sys.executable, "-c", "from somalink.cli import main; main()", *words]


def said(*words: str) -> Any:
    """What a command in the other terminal answers."""
    done = subprocess.run([*typed(*words), "--json"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def until(answer: Callable[[], Any], wanted: Callable[[Any], bool], what: str) -> Any:
    """Asks until the answer is the wanted one."""
    end = time.monotonic() + PATIENCE_S
    while True:
        got = answer()
        if wanted(got):
            return got
        assert time.monotonic() < end, f"{what}: {got}"
        time.sleep(0.1)


def test_while_a_strap_is_recorded_it_can_be_tagged_looked_at_and_exported_and_it_ends_when_told(tmp_path: Path):
    recording, store = tmp_path / "rr.txt", str(tmp_path / "store.db")
    recording.write_text("".join(f"{tick / 1.024:.0f}\n" for tick in heart(60, bpm=72)))
    with StrapProgram(tmp_path, recording, "--speed", str(SPEED), "--loop") as strap:
        command = typed("run", "--strap", NAME, "--person", "ada", "--store", store, "--virtual-radio", str(strap.socket), "--speed", str(SPEED), "--json")
        with (tmp_path / "errors.txt").open("w") as errors:
            running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            until(lambda: Path(store).exists(), bool, "a store")
            until(lambda: said("status", "--store", store)["people"], lambda people: "streaming" in json.dumps(people), "a link that streams")
            until(lambda: strap.rows("notification"), lambda rows: len(rows) > 60, "a minute of its life")
            event = said("tag", "conflict", "--distress", "6", "--store", store, "--person", "ada")
            said("export", "--store", store, "--out", str(tmp_path / "tables"))
            assert len((tmp_path / "tables" / "beats.csv").read_text().splitlines()) > 20
            assert running.poll() is None
            running.send_signal(signal.SIGTERM)
            out, _ = running.communicate(timeout=PATIENCE_S)
        finally:
            running.kill()
        assert running.returncode == 0, (tmp_path / "errors.txt").read_text()
        totals = json.loads(out)
        assert totals["beats_received"] == totals["beats_stored"] + sum(totals["beats_refused"].values()) > 60
        assert totals["events"] == 1 and event
        assert '"stopped"' in json.dumps(said("status", "--store", store)["people"]["ada"])
        errors_said = (tmp_path / "errors.txt").read_text()
        assert "connected, heartbeats arrive" in errors_said
        assert "bpm" not in errors_said, "no value where nobody looks"
