"""The program as a person types it, in this process: what it printed, what it said aside, and how it ended."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from somalink.cli.app import main


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Ended]:
    """`typed("tag", "conflict")` -> what came of it, with nobody's settings but these: store in `tmp_path`, zone Europe/Rome."""
    monkeypatch.setenv("SOMALINK_STORE", str(tmp_path / "somalink.db"))
    monkeypatch.setenv("SOMALINK_TZ", "Europe/Rome")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["somalink", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ended(end.value.code, said.out, said.err)

    return run
