"""Stands before the page: who asks, from where, how much and how often. What it turns away never reaches the page.

A page of the same browser in another tab must not be able to read or write here (DNS rebinding, forged requests): the Host has to be one
of ours, a write has to come from our own Origin and carry a header that no form can send, and the cookie is for our own site alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboards.live.ports import Doorkeeper

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "somalink"
"""What a cookie's name begins with: a browser sends one port's cookies to all others of the same address, so the rest of it tells stores apart."""
SIGN = "x-somalink"
"""Header of every write of the page: a form of another site cannot set one."""
OPEN = ("/api/v1/join", "/openapi.json")
DATA = "/api/"
MOST_BYTES = 64 * 1024
"""A tag with a long note is 5 kB."""
BODY_S = 10.0
"""A body that takes longer is somebody who holds a connection, not a phone."""
SAFE = ("GET", "HEAD", "OPTIONS")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), accelerometer=(self), screen-wake-lock=(self)",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not let in, and what would help."""

    status: int
    what: str
    next_step: str


HOST = Refusal(421, "this address is not one of somalink's own", "open the address that somalink printed")
ORIGIN = Refusal(403, "the request does not come from somalink's own page", "reload the page from the address that somalink printed")
UNSIGNED = Refusal(403, "a change has to come from somalink's own page", f"send the header {SIGN.title()}: 1")
STRANGER = Refusal(401, "this browser has not joined", "open the link that somalink printed, or scan its code")
TOO_MUCH = Refusal(413, f"more than {MOST_BYTES // 1024} kB in one request", "send less at once")
TOO_OFTEN = Refusal(429, "too many requests at once", "wait a minute")
TOO_SLOW = Refusal(408, "the request did not arrive in time", "try again")
BROKEN = Refusal(500, "somalink could not answer, by a fault of its own", "try again; where it runs, it has said which")
log = logging.getLogger("somalink.page")


@dataclass(slots=True)
class Bucket:
    """Allows `size` at once and `size` a minute."""

    size: int
    left: float
    at_s: float

    def take(self, now_s: float) -> bool:
        self.left = min(float(self.size), self.left + (now_s - self.at_s) * self.size / 60)
        self.at_s = now_s
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute and browser: guesses of a token are few, reading pages is cheap."""

    joins: int = 10
    writes: int = 240
    reads: int = 1200
    addresses: int = 4096
    """Of how many addresses a count is kept; the one longest silent is forgotten."""


@dataclass(slots=True)
class Door:
    """An ASGI application around another."""

    app: App
    keeper: Doorkeeper
    hosts: frozenset[str]
    """What may stand in Host: names with port, as in `127.0.0.1:8765`."""
    secure: bool
    cookie: str
    now_ms: Callable[[], int]
    """What time it is here goes with every answer of the interface: a phone's clock may be minutes off, and a tag's time is the page's."""
    limits: Limits = field(default_factory=Limits)
    _buckets: OrderedDict[tuple[str, str], Bucket] = field(default_factory=OrderedDict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refuse(send, refusal)
            return
        beside = {**HEADERS, "X-Now-Ms": str(self.now_ms()), "Cache-Control": "no-store"} if scope["path"].startswith(DATA) else HEADERS
        body = _Bounded(receive, send, beside)
        try:
            await self.app(scope, body.receive, body.send)
        except Exception as error:  # noqa: BLE001 - the outermost edge of a request: the radio shares this loop
            log.error("the page could not answer: %s", told_plainly(error))
            if not body.answered:
                await refuse(send, BROKEN)

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> Refusal | None:
        if headers.get("host", "").lower() not in self.hosts:
            return HOST
        path, writes = str(scope["path"]), scope["method"] not in SAFE
        kind = "joins" if path == "/api/v1/join" and writes else "writes" if writes else "reads"
        if not self._allowed((scope.get("client") or ("", 0))[0], kind):
            return TOO_OFTEN
        if (origin := headers.get("origin")) is not None and origin.lower() not in self._origins(headers):
            return ORIGIN
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") and path.startswith(DATA):
            return ORIGIN
        if writes and (origin is None and "sec-fetch-site" not in headers):
            return ORIGIN
        if writes and headers.get(SIGN) != "1":
            return UNSIGNED
        if (length := headers.get("content-length", "")).isdigit() and int(length) > MOST_BYTES:
            return TOO_MUCH
        if path.startswith(DATA) and path not in OPEN:
            guest = self.keeper.known(cookie_of(headers, self.cookie))
            if guest is None:
                return STRANGER
            scope.setdefault("state", {})["guest"] = guest
        return None

    def _origins(self, headers: Mapping[str, str]) -> tuple[str]:
        """The one page that this very Host serves: another of our names is another site to a browser."""
        return (f"{'https' if self.secure else 'http'}://{headers['host'].lower()}",)

    def _allowed(self, address: str, kind: str) -> bool:
        now_s = asyncio.get_running_loop().time()
        bucket = self._buckets.pop((address, kind), None) or Bucket(getattr(self.limits, kind), getattr(self.limits, kind), now_s)
        self._buckets[address, kind] = bucket
        if len(self._buckets) > self.limits.addresses:
            self._buckets.popitem(last=False)
        return bucket.take(now_s)


class _Bounded:
    """A request's body, no longer and no slower than it may be, and an answer with our headers on it."""

    def __init__(self, receive: Receive, send: Send, beside: Mapping[str, str]) -> None:
        self._receive, self._send, self._beside = receive, send, beside
        self._bytes = 0
        self._until: float | None = None
        self._whole = self.answered = self._refused = False

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        self._until = self._until or asyncio.get_running_loop().time() + BODY_S  # for the whole of it: drops that never end are slow as well
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            return await self._end(TOO_SLOW)
        self._bytes += len(message.get("body", b""))
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        return await self._end(TOO_MUCH) if self._bytes > MOST_BYTES else message

    async def _end(self, refusal: Refusal) -> Message:
        """Says why, unless an answer has begun; whoever reads on hears that the browser is gone."""
        self._whole = True
        if not self.answered:
            self.answered = self._refused = True
            await refuse(self._send, refusal)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self._refused:
            return
        if message["type"] == "http.response.start":
            self.answered = True
            message = {**message, "headers": [*message.get("headers", []), *_raw(self._beside)]}
        await self._send(message)


def told_plainly(error: Exception) -> str:
    """What kind of fault, and where in the program; never its words, which may hold what somebody wrote."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return " ".join([type(error).__name__, *(f"at {Path(frame.filename).name}:{frame.lineno}" for frame in last)])


async def refuse(send: Send, refusal: Refusal) -> None:
    """An answer of ours that closes the connection: nothing of the request is read on."""
    body = json.dumps({"what": refusal.what, "next_step": refusal.next_step}).encode()
    plain = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close", "Cache-Control": "no-store"}
    await send({"type": "http.response.start", "status": refusal.status, "headers": _raw({**plain, **HEADERS})})
    await send({"type": "http.response.body", "body": body})


def cookie_of(headers: Mapping[str, str], name: str) -> str:
    """The value of our cookie, '' where there is none. What other programs of the same address left beside it may have any form."""
    pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
    return next((value for known, _, value in pairs if known == name), "")


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
