"""`somalink page` and what the other commands say of a page: a link that lets one browser in, and plain words of who else can see that it is there."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from somalink.cli import console
from somalink.cli.page import Wish
from somalink.pipeline import serving
from somalink.pipeline.guests import Guests
from somalink.pipeline.serving import Address, listen, page_file, told_to_others
from somalink.storage.local import LocalStore


@pytest.fixture
def until_served(monkeypatch):
    """`until_served(store)`: this program is told to end, as by Ctrl-C, once a page of the store is served."""

    def watch(store: Path) -> None:
        def end() -> None:
            until = time.monotonic() + 60
            while not page_file(store).exists() and time.monotonic() < until:
                time.sleep(0.05)
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=end, daemon=True).start()

    return watch


def lets_in(store: Path, link: str) -> str:
    """Whose page a link opens."""
    with LocalStore.open(store) as opened:
        guests = Guests(opened, time.time_ns)
        cookie = guests.join(link.partition("#")[2], "browser")
        assert cookie is not None
        guest = guests.known(cookie)
        assert guest is not None
        return guest.person


def test_a_page_is_served_where_nothing_is_recorded_and_its_link_is_said(typed, lived, until_served):
    until_served(lived)
    ended = typed("page", "--port", free_port(), "--json")
    assert ended.code == 0 and ended.json["person"] == "ada" and ended.json["link"].startswith("http://127.0.0.1:")
    assert lets_in(lived, ended.json["link"]) == "ada"
    assert "lets one browser in, within 15 minutes" in ended.err and "network" not in ended.err
    assert not page_file(lived).exists()


def free_port() -> int:
    with listen(Address(0)) as found:
        return int(found.getsockname()[1])


def test_where_a_page_is_served_already_the_link_is_to_that(typed, lived):
    with listen(Address(0)) as there, told_to_others(lived, url := f"http://127.0.0.1:{there.getsockname()[1]}"):
        ended = typed("page", "--json")
    assert ended.code == 0 and ended.json["link"].startswith(f"{url}/join#")
    assert lets_in(lived, ended.json["link"]) == "ada"


def test_a_port_that_is_taken_is_said_in_words(typed, lived):
    with listen(Address(0)) as taken:
        ended = typed("page", "--port", taken.getsockname()[1])
    assert ended.code == 2 and "cannot be had" in ended.err and "--port" in ended.err and "Traceback" not in ended.err


def test_a_page_of_nothing_is_none(typed):
    ended = typed("page")
    assert ended.code == 1 and "there is no store here" in ended.err


def test_a_page_of_nobody_is_none(typed, lived):
    assert typed("page", "--person", "ben").code == 2


def test_opening_it_to_the_network_says_what_that_opens_and_what_a_phone_then_cannot_do(typed, lived, until_served, monkeypatch):
    monkeypatch.setattr(serving, "lan_address", lambda: "192.168.1.5")
    until_served(lived)
    ended = typed("page", "--port", free_port(), "--lan")
    assert "open to your network. Whoever is in it sees that a page is here; what is on it, only with a link" in ended.err
    assert "without --https, a phone cannot keep its screen awake" in ended.err
    [phone] = [line for line in ended.err.splitlines() if line.startswith("phone of ada: ")]
    assert phone.removeprefix("phone of ada: ").startswith("http://192.168.1.5:") and lets_in(lived, phone) == "ada"


def test_with_tls_it_is_said_once_what_to_trust(typed, lived, until_served, tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "lan_address", lambda: "192.168.1.5")
    for first in (True, False):
        until_served(lived)
        ended = typed("page", "--port", free_port(), "--lan", "--https")
        assert ("trust this one once" in ended.err) == first and "screen awake" not in ended.err
        assert "page of ada: https://127.0.0.1:" in ended.err and "phone of ada: https://192.168.1.5:" in ended.err


def test_where_somebody_looks_the_phones_link_is_drawn_for_its_camera(typed, lived, until_served, monkeypatch):
    monkeypatch.setattr(serving, "lan_address", lambda: "192.168.1.5")
    monkeypatch.setattr(console, "is_watched", lambda: True)
    until_served(lived)
    assert typed("page", "--port", free_port(), "--lan").err.count("█") > 50


def test_it_opens_in_a_browser_when_that_is_asked_for(typed, lived, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    with listen(Address(0)) as there, told_to_others(lived, f"http://127.0.0.1:{there.getsockname()[1]}"):
        link = typed("page", "--json", "--open").json["link"]
    assert opened == [link]


def test_a_recording_that_is_lived_again_has_its_page_in_its_own_time_and_none_when_that_is_not_wanted(typed, tmp_path, desk_day):
    ended = typed("replay", desk_day, "--store", tmp_path / "again.db", "--speed", "20000", "--no-hrv", "--port", free_port())
    assert ended.code == 0 and "page of me: http://127.0.0.1:" in ended.err
    for words in (("--no-page", "--speed", "20000"), ("--speed", "max")):
        ended = typed("replay", desk_day, "--store", tmp_path / f"{words[-1]}.db", "--no-hrv", *words)
        assert ended.code == 0 and "page" not in ended.err


@pytest.fixture
def desk_day(tmp_path: Path) -> Path:
    from desk import laid_out

    return laid_out(tmp_path / "desk") / "my-day"


def test_nothing_about_tls_is_made_where_it_is_not_asked_for(tmp_path):
    assert Wish(port=5).address() == Address(5)
