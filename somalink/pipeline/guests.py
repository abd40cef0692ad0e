"""Who may open whose page (`dashboards.live.ports.Doorkeeper`): one-time invitations and joined browsers, both in the store, hashed.

A browser that has joined belongs to one person; which one it is was decided by whoever made the invitation, never by the browser.
The store is where they meet, so that any program of the same owner can invite to a page that another one serves.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dashboards.live import shapes
from dashboards.live.ports import Guest, Invitation
from somalink.domain.time import MINUTE_NS
from somalink.domain.types import Setting
from somalink.storage.local import LocalStore

KEY, INVITED = "browser/", "invitation/"
TAKEN_BACK = ""
GOOD_NS = 15 * MINUTE_NS
"""Long enough to find the phone; a link in a terminal's history is worth nothing after."""
MS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Joined:
    """A browser as it is remembered: never its secret, only what proves that it has it."""

    person: str
    id: str
    name: str
    hashed: str
    joined_ns: int
    here: bool
    revision: int


@dataclass(slots=True)
class Guests:
    """Invitations and joined browsers of one store. `now_ns` is the wall clock, whatever time the records are of."""

    store: LocalStore
    now_ns: Callable[[], int]
    _known: dict[str, _Joined] | None = None
    _seen: dict[str, int] = field(default_factory=dict)
    """In memory alone: it would otherwise be a write a request."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def invite(self, person: str, *, here: bool = False) -> Invitation:
        """`here`: for a browser on this computer, whose page may invite others."""
        token, until_ns = secrets.token_urlsafe(24), self.now_ns() + GOOD_NS
        with self.store.transaction() as write:
            write.put_setting(Setting(person, INVITED + _hashed(token), json.dumps({"until_ns": until_ns, "here": here}), self.now_ns()))
        return Invitation(token, until_ns)

    def join(self, token: str, name: str) -> str | None:
        key = INVITED + _hashed(token)
        with self.store.transaction() as write:  # one at a time: of two browsers with one token the second stays out
            asked = [setting for person in self.store.people() for setting in self.store.settings(person) if setting.key == key]
            if len(asked) != 1:
                return None
            invited, said = asked[0], json.loads(asked[0].value)
            write.put_setting(Setting(invited.person, key, TAKEN_BACK, self.now_ns(), invited.revision + 1))
        if said["until_ns"] <= self.now_ns():
            return None
        id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        joined = _Joined(invited.person, id, _plain(name), _hashed(secret), self.now_ns(), said["here"], 1)
        self._keep(joined, _as_text(joined))
        return f"{id}.{secret}"

    def known(self, cookie: str) -> Guest | None:
        id, _, secret = cookie.partition(".")
        joined = self._browsers().get(id)
        if joined is None or not hmac.compare_digest(joined.hashed, _hashed(secret)):
            return None
        self._seen[id] = self.now_ns()
        return Guest(joined.person, id, joined.here)

    def stays(self, guest: Guest) -> bool:
        joined = self._browsers().get(guest.device)
        return joined is not None and joined.person == guest.person

    def devices(self, person: str) -> Sequence[shapes.Device]:
        mine = sorted((each for each in self._browsers().values() if each.person == person), key=lambda each: (each.joined_ns, each.id))
        return [shapes.Device(each.id, each.name, each.joined_ns // MS, self._seen.get(each.id, each.joined_ns) // MS) for each in mine]

    def forget(self, person: str, device: str) -> bool:
        joined = self._browsers().get(device)
        if joined is None or joined.person != person:
            return False
        self._keep(joined, TAKEN_BACK)
        return True

    def _browsers(self) -> dict[str, _Joined]:
        with self._lock:
            if self._known is None:
                newest = {setting.key: setting for person in self.store.people() for setting in self.store.settings(person) if setting.key.startswith(KEY)}
                self._known = {each.id: each for setting in newest.values() if setting.value != TAKEN_BACK for each in [_joined(setting)]}
            return self._known

    def _keep(self, joined: _Joined, value: str) -> None:
        with self.store.transaction() as write:
            revision = joined.revision if value != TAKEN_BACK else joined.revision + 1
            write.put_setting(Setting(joined.person, KEY + joined.id, value, self.now_ns(), revision))
        with self._lock:
            self._known = None


def _as_text(joined: _Joined) -> str:
    return json.dumps({"name": joined.name, "hashed": joined.hashed, "joined_ns": joined.joined_ns, "here": joined.here})


def _joined(setting: Setting) -> _Joined:
    said = json.loads(setting.value)
    return _Joined(setting.person, setting.key.removeprefix(KEY), said["name"], said["hashed"], said["joined_ns"], said["here"], setting.revision)


def _hashed(secret: str) -> str:
    """Of 192 random bits and more: no salt and no slow hash is needed where nothing can be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _plain(name: str) -> str:
    """What a browser calls itself, without what would break a line."""
    return " ".join("".join(sign for sign in name if sign.isprintable()).split())[:60] or "browser"
