"""`somalink influx setup` as a person types it, on a real server; without one, what it says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from influx import ORG, Influxd, free_port, fresh_influxd

from somalink.storage.influx.server import Place


def private(file: Path) -> str:
    """A secret's text, once it is sure that nobody else reads it."""
    assert file.stat().st_mode & 0o777 == 0o600
    return file.read_text().strip()


@pytest.fixture
def server_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """`server_of(url, token)`: the settings name this server, and this token where there is one."""

    def choose(url: str, token: str = "") -> None:
        monkeypatch.setenv("SOMALINK_INFLUX_URL", url)
        if token:
            monkeypatch.setenv("SOMALINK_INFLUX_TOKEN", token)

    return choose


def test_without_a_server_it_says_how_to_name_one(typed: Callable[..., Any]) -> None:
    ended = typed("influx", "setup")
    assert ended.code == 2
    assert "SOMALINK_INFLUX_URL" in ended.err


def test_a_server_that_is_not_there_is_told_in_two_lines(typed: Callable[..., Any], server_of: Callable[..., None]) -> None:
    server_of(f"http://127.0.0.1:{free_port()}", "t0ken")
    ended = typed("influx", "setup")
    assert ended.code == 1 and len(ended.err.splitlines()) == 2
    assert "cannot be reached" in ended.err and "t0ken" not in ended.err


@pytest.mark.parametrize("option", [("--retention", "soon"), ("--bucket", "a/b"), ("--url", "somewhere")])
def test_an_option_that_cannot_be_used_is_named(typed: Callable[..., Any], server_of: Callable[..., None], option: tuple[str, str]) -> None:
    server_of(f"http://127.0.0.1:{free_port()}", "t0ken")
    ended = typed("influx", "setup", *option)
    assert ended.code == 2 and repr(option[1]) in ended.err


@pytest.mark.influx
def test_tokens_go_into_private_files_and_a_second_run_touches_nothing(
    typed: Callable[..., Any], server_of: Callable[..., None], influxd: Influxd, place: Place, tmp_path: Path
) -> None:
    server_of(influxd.url, influxd.operator)
    command = ("influx", "setup", "--org", ORG, "--bucket", place.bucket, "--raw-bucket", f"{place.bucket}-raw", "--raw-retention", "30d", "--json")
    files = tmp_path / "writes", tmp_path / "reads"
    places = ("--write-token-file", files[0], "--read-token-file", files[1])
    dry = typed(*command, *places, "--dry-run").json
    assert [step["state"] for step in dry["steps"]] == ["there", "there", "there", "would be made", "would be made", "would be made"]
    assert not files[0].exists()
    first = typed(*command, *places)
    kept = [private(file) for file in files]
    stamps = [file.stat().st_mtime_ns for file in files]
    assert len(set(kept)) == 2 and not any(token in first.out + first.err for token in kept)
    again = typed(*command, *places)
    assert again.json["complete"] and again.json["steps"][3]["remark"] == "keeps 30 d"
    assert [file.stat().st_mtime_ns for file in files] == stamps
    files[0].unlink()
    assert typed(*command, *places).json["complete"] and private(files[0]) == kept[0]


@pytest.mark.influx
def test_tokens_are_printed_only_when_asked_for_and_then_not_kept(
    typed: Callable[..., Any], server_of: Callable[..., None], influxd: Influxd, place: Place, tmp_path: Path
) -> None:
    server_of(influxd.url, influxd.operator)
    ended = typed("influx", "setup", "--org", ORG, "--bucket", place.bucket, "--show-tokens")
    assert [line.split()[0] for line in ended.out.splitlines()[-2:]] == ["write", "read"]
    assert not list(tmp_path.rglob("influx_*_token"))


@pytest.mark.influx
def test_a_new_server_is_set_up_with_files_alone(typed: Callable[..., Any], server_of: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    with fresh_influxd(tmp_path / "server") as server:
        server_of(server.url)
        nobody = typed("influx", "setup")
        assert nobody.code == 2 and "--password-file" in nobody.err
        (tmp_path / "password").write_text("only-for-this-test\n")
        assert typed("influx", "setup", "--password-file", tmp_path / "password").code == 0
        beside = tmp_path / "config" / "somalink"
        operator = private(beside / "influx_operator_token")
        assert [bucket["name"] for bucket in server.ask("GET", "/api/v2/buckets", token=operator, name="somalink")["buckets"]] == ["somalink"]
        assert {private(beside / name) for name in ("influx_write_token", "influx_read_token")}.isdisjoint({operator})
        assert typed("influx", "setup", "--json").json["complete"]


@pytest.mark.influx
def test_as_compose_does_it_the_operators_token_comes_from_a_file_and_stays_what_it_is(
    typed: Callable[..., Any], server_of: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "server").mkdir()
    with fresh_influxd(tmp_path / "server") as server:
        server_of(server.url)
        for name, text in {"operator": "chosen-by-make-env", "password": "only-for-this-test"}.items():
            (tmp_path / name).write_text(text)
        monkeypatch.setenv("SOMALINK_INFLUX_TOKEN_FILE", str(tmp_path / "operator"))
        words = ("--password-file", tmp_path / "password", "--write-token-file", tmp_path / "writes", "--read-token-file", tmp_path / "reads")
        assert [typed("influx", "setup", *words).code for _ in range(2)] == [0, 0]
        assert server.ask("GET", "/api/v2/me", token="chosen-by-make-env")["name"] == "somalink"
        assert not list(tmp_path.rglob("influx_operator_token"))
