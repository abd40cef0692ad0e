"""Each key to its reader: what is handed, to whom, and when nothing is."""

import os
import stat

import pytest

from deploy import make_env, set_up

ME = os.getuid(), os.getgid()


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """The folder of keys as `make env` leaves it, and the readers' folders; everybody is me."""
    make_env.main(tmp_path)
    readers = []
    for reader in set_up.READERS:
        (folder := tmp_path / reader.folder.name).mkdir(mode=0o777)
        readers.append(set_up.Reader(os.getuid(), folder, reader.keys))
    monkeypatch.setattr(set_up, "KEYS", tmp_path / "secrets")
    monkeypatch.setattr(set_up, "READERS", tuple(readers))
    monkeypatch.setattr(set_up.os, "chown", lambda *_: None)
    return tmp_path


@pytest.fixture
def desk(tmp_path_factory):
    """Where the set-up left its two tokens."""
    folder = tmp_path_factory.mktemp("desk")
    for name in (set_up.WRITES, set_up.READS):
        (folder / name).write_text(f"{name} of the server\n")
    return folder


def test_what_make_env_makes_is_what_is_asked_for(keys):
    assert set_up.missing() == []
    assert {set_up.PASSWORD, set_up.OPERATOR, *set_up.GRAFANAS} == set(make_env.KEYS)


def test_the_operators_keys_go_to_no_service(keys, desk):
    set_up.hand_out(desk)
    handed = {file.name for reader in set_up.READERS for file in reader.folder.iterdir()}
    assert handed == {set_up.READS, set_up.WRITES, *set_up.GRAFANAS}


def test_new_tokens_are_kept_beside_the_other_keys_and_handed_out(keys, desk):
    set_up.hand_out(desk)
    for place in (keys / "secrets", keys / "somalink"):
        assert (place / set_up.WRITES).read_text() == "influx_write_token of the server\n"
    assert (keys / "grafana" / set_up.READS).read_text() == (keys / "secrets" / set_up.READS).read_text()
    assert not (keys / "grafana" / set_up.WRITES).exists()


def test_nobody_else_may_read_what_was_handed(keys, desk):
    set_up.hand_out(desk)
    for reader in set_up.READERS:
        assert stat.S_IMODE(reader.folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in reader.folder.iterdir()} == {0o400}


def test_again_it_replaces_what_changed_and_leaves_no_draft(keys, desk):
    set_up.hand_out(desk)
    token = keys / "secrets" / set_up.WRITES
    before = token.stat().st_ino
    set_up.hand_out(desk)
    assert token.stat().st_ino == before, "a token that is the same is not written again"
    (desk / set_up.WRITES).write_text("another\n")
    set_up.hand_out(desk)
    assert (keys / "somalink" / set_up.WRITES).read_text() == "another\n" == token.read_text()
    assert not list(keys.rglob("*.part"))


def test_a_draft_of_a_run_that_was_killed_is_in_nobodys_way(keys, desk):
    (keys / "somalink" / f".{set_up.WRITES}.part").write_text("half")
    set_up.hand_out(desk)
    assert (keys / "somalink" / set_up.WRITES).read_text() == "influx_write_token of the server\n"


def test_without_keys_it_says_what_to_do_and_asks_no_server(keys, capsys, monkeypatch):
    (keys / "secrets" / set_up.OPERATOR).unlink()
    monkeypatch.setattr(set_up, "set_up", lambda desk: pytest.fail("it asked"))
    assert set_up.main() == 2
    assert "influx_admin_token is missing" in capsys.readouterr().err


def test_a_set_up_that_failed_hands_nothing_out(keys, monkeypatch):
    monkeypatch.setattr(set_up, "set_up", lambda desk: 5)
    assert set_up.main() == 5
    assert not [file for reader in set_up.READERS for file in reader.folder.iterdir()]
