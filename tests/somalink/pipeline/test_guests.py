"""Who may open a wearer's page: links that work once and soon, devices that are remembered by a hash, and taken back for good."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dashboards.live.ports import Guest
from somalink.domain.time import MINUTE_NS
from somalink.pipeline.guests import GOOD_NS, Guests
from somalink.storage.export import TABLES
from somalink.storage.local import LocalStore

NOW = 1_772_442_000_000_000_000


@dataclass
class At:
    """A clock that stands."""

    now_ns: int = NOW
    read: list[int] = field(default_factory=list)

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def at() -> At:
    return At()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "store.db") as opened:
        yield opened


@pytest.fixture
def guests(store: LocalStore, at: At) -> Guests:
    return Guests(store, at)


def joined(guests: Guests, person: str = "ada", *, here: bool = False, name: str = "phone") -> str:
    cookie = guests.join(guests.invite(person, here=here).token, name)
    assert cookie is not None
    return cookie


def test_who_comes_with_a_link_is_known_from_then_on(guests):
    cookie = joined(guests, here=True)
    guest = guests.known(cookie)
    assert guest == Guest("ada", cookie.partition(".")[0], here=True) and guests.stays(guest)


def test_a_link_lets_in_one_browser(guests):
    token = guests.invite("ada").token
    assert guests.join(token, "phone") is not None and guests.join(token, "another") is None


def test_of_two_browsers_with_one_link_at_once_one_stays_out(guests):
    token, came = guests.invite("ada").token, []
    both = [threading.Thread(target=lambda: came.append(guests.join(token, "phone"))) for _ in range(4)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sum(cookie is not None for cookie in came) == 1


def test_a_link_is_good_for_a_quarter_of_an_hour(guests, at):
    early, late = guests.invite("ada"), guests.invite("ada")
    assert early.until_ns == NOW + GOOD_NS == NOW + 15 * MINUTE_NS
    at.now_ns += GOOD_NS - 1
    assert guests.join(early.token, "phone") is not None
    at.now_ns += 1
    assert guests.join(late.token, "phone") is None
    at.now_ns = NOW
    assert guests.join(late.token, "phone") is None, "what was refused once is used up, wherever the clock is set"


@pytest.mark.parametrize("token", ["", "x", "invitation/", "\x00", "é" * 50])
def test_a_guess_is_no_link(guests, token):
    guests.invite("ada")
    assert guests.join(token, "phone") is None


@pytest.mark.parametrize("cookie", ["", ".", "x", "x.y", "{id}", "{id}.", "{id}.wrong", ".{secret}", "{id}.{secret}x"])
def test_a_cookie_is_right_to_the_last_sign(guests, cookie):
    id, _, secret = joined(guests).partition(".")
    assert guests.known(cookie.format(id=id, secret=secret)) is None


def test_a_device_that_is_taken_back_is_out_for_good_and_others_stay(guests, store, at):
    phone, tablet = joined(guests), joined(guests)
    guest = guests.known(phone)
    assert guests.forget("ada", guest.device) is True
    assert guests.known(phone) is None and not guests.stays(guest) and guests.known(tablet) is not None
    assert guests.forget("ada", guest.device) is False
    assert Guests(store, at).known(phone) is None


def test_nobody_takes_back_anothers_device(guests):
    cookie = joined(guests, "ada")
    assert guests.forget("ben", cookie.partition(".")[0]) is False and guests.known(cookie) is not None
    assert not guests.stays(Guest("ben", cookie.partition(".")[0], here=False))


def test_a_program_that_is_started_again_knows_who_has_joined(guests, store, at):
    cookie = joined(guests)
    assert Guests(store, at).known(cookie) == guests.known(cookie)


def test_another_program_of_the_same_owner_invites_to_this_page(guests, store, at):
    with LocalStore.open(store.path) as other:
        token = Guests(other, at).invite("ada").token
    assert guests.join(token, "phone") is not None


def test_devices_are_listed_with_their_names_and_when_they_were_here(guests, at):
    first = joined(guests, name="  my\nold   phone ")
    at.now_ns += MINUTE_NS
    joined(guests, name="")
    joined(guests, "ben")
    at.now_ns += MINUTE_NS
    guests.known(first)
    one, two = guests.devices("ada")
    assert (one.name, one.joined_ms, one.seen_ms) == ("myold phone", NOW // 10**6, (NOW + 2 * MINUTE_NS) // 10**6)
    assert (two.name, two.seen_ms) == ("browser", (NOW + MINUTE_NS) // 10**6)


def test_no_secret_stands_in_the_store(guests, store):
    token = guests.invite("ada").token
    cookie = guests.join(token, "phone")
    raw = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert token.encode() not in raw and cookie.partition(".")[2].encode() not in raw


def test_nothing_of_it_leaves_with_an_export():
    assert "settings" not in TABLES and not any("setting" in table.columns for table in TABLES.values())
