"""Who is let in to a wearer's page, from where, how often and with how much. Behind the door stands a program that writes down what reaches it."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

import pytest
from house import HOST, ORIGIN, Browser, said

from dashboards.live import door
from dashboards.live.door import BODY_S, HEADERS, MOST_BYTES, Bucket, Door, Limits, cookie_of
from dashboards.live.ports import Guest

ADA = Guest("ada", "d1", here=True)


class Keeper:
    """Knows one cookie."""

    def known(self, cookie: str) -> Guest | None:
        return ADA if cookie == "d1.secret" else None


@dataclass
class Behind:
    """Reads the whole body, then answers 200 with it."""

    reached: list[tuple[str, Guest | None]] = field(default_factory=list)
    body: bytes = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached.append((scope.get("path", ""), scope.get("state", {}).get("guest")))
        self.body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.body += message["body"]
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": self.body})


@pytest.fixture
def behind() -> Behind:
    return Behind()


def stands_before(app: Any, *, secure: bool = False, limits: Limits | None = None, hosts: frozenset[str] = frozenset({HOST, "localhost:8765"})) -> Door:
    return Door(app, Keeper(), hosts, secure, "somalink-1", lambda: 1_700_000_000_123, limits or Limits())  # type: ignore[arg-type]


@pytest.fixture
def ada(behind: Behind) -> Browser:
    return Browser(stands_before(behind), "somalink-1=d1.secret")


# ---------------------------------------------------------------- who


def test_who_has_joined_is_known_behind_the_door(ada, behind):
    assert ada.get("/api/v1/status").status == 200
    assert behind.reached == [("/api/v1/status", ADA)]


@pytest.mark.parametrize("cookie", ["", "somalink-1=", "somalink-1=d1.wrong", "somalink-2=d1.secret", "somalink-1x=d1.secret"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_a_stranger_learns_how_to_join_and_nothing_else(behind, cookie, method):
    told = Browser(stands_before(behind), cookie).ask(method, "/api/v1/events")
    assert told.status == 401 and not behind.reached
    assert told.json == {"what": door.STRANGER.what, "next_step": door.STRANGER.next_step}


@pytest.mark.parametrize("path", ["/", "/static/js/app.js", "/openapi.json", "/weeks"])
def test_the_page_itself_holds_nothing_of_anybody_and_may_be_read_before_joining(behind, path):
    assert Browser(stands_before(behind)).get(path).status == 200
    assert behind.reached == [(path, None)]


@pytest.mark.parametrize("path", ["/api/v1/join/", "/api/v1/join/../status", "/api/", "/api/v1//join", "/api/v1/joins"])
def test_only_joining_itself_is_open_to_who_has_not_joined(behind, path):
    assert Browser(stands_before(behind)).post(path, {}).status == 401


@pytest.mark.parametrize(
    "beside",
    [
        "theme=dark; somalink-1=d1.secret",
        'state={"a":1, "b": [2]}; somalink-1=d1.secret; other=@@,;;=',
        "somalink-1=d1.secret;",
        "=; ;somalink-1=d1.secret",
        "somalink-2=theirs; somalink-1=d1.secret",
    ],
)
def test_what_other_programs_of_this_computer_left_in_the_browser_keeps_nobody_out(beside):
    assert cookie_of({"cookie": beside}, "somalink-1") == "d1.secret"


def test_no_cookie_is_no_cookie():
    assert cookie_of({}, "somalink-1") == cookie_of({"cookie": "somalink-1"}, "somalink-1") == ""


# ---------------------------------------------------------------- from where


@pytest.mark.parametrize(
    "host", [None, "", "evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8765.evil.example", "localhost", "0.0.0.0:8765"]
)
def test_a_name_that_somebody_else_pointed_here_opens_nothing(ada, behind, host):
    for path in ("/", "/api/v1/status", "/openapi.json"):
        told = ada.get(path, headers={"host": host})
        assert told.status == 421 and not behind.reached and told.header("content-security-policy")


def test_how_a_browser_writes_our_own_name_does_not_matter(ada):
    assert ada.get("/", headers={"host": "LocalHost:8765"}).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", f"https://{HOST}", "http://localhost:8765", "http://127.0.0.1", f"http://{HOST}.evil.example", ""]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_another_site_neither_reads_nor_writes_even_one_under_another_of_our_names(ada, behind, origin, method):
    assert ada.ask(method, "/api/v1/events", headers={"origin": origin}).status == 403
    assert not behind.reached


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "whatever"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_browser_says_was_asked_by_another_site_is_refused(ada, behind, site, method):
    assert ada.ask(method, "/api/v1/events", headers={"sec-fetch-site": site}).status == 403
    assert not behind.reached


def test_the_page_may_be_opened_from_a_bookmark_a_link_or_the_address_line(ada):
    for site in ("none", "cross-site", "same-origin"):
        assert ada.get("/", headers={"sec-fetch-site": site}).status == 200


def test_a_change_without_any_word_of_where_it_comes_from_is_refused(ada, behind):
    told = ada.post("/api/v1/events", {}, headers={"origin": None, "sec-fetch-site": None})
    assert (told.status, told.json["what"], behind.reached) == (403, door.ORIGIN.what, [])


def test_one_of_the_two_ways_in_which_browsers_say_it_is_enough(ada):
    assert ada.post("/api/v1/events", {}, headers={"sec-fetch-site": None}).status == 200
    assert ada.post("/api/v1/events", {}, headers={"origin": None}).status == 200


@pytest.mark.parametrize("sign", [None, "", "0", "yes"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_change_needs_the_header_that_no_form_of_another_site_can_send(ada, behind, sign, method):
    told = ada.ask(method, "/api/v1/events", headers={"x-somalink": sign})
    assert (told.status, told.json["next_step"], behind.reached) == (403, "send the header X-Somalink: 1", [])


def test_with_tls_our_own_origin_is_the_one_with_tls(behind):
    ada = Browser(stands_before(behind, secure=True), "somalink-1=d1.secret")
    assert ada.post("/api/v1/events", {}, headers={"origin": f"https://{HOST}"}).status == 200
    assert ada.post("/api/v1/events", {}, headers={"origin": ORIGIN}).status == 403


# ---------------------------------------------------------------- how much


def test_a_long_note_passes_and_more_than_a_phone_ever_sends_does_not(ada, behind):
    assert ada.post("/api/v1/events", parts=[b"x" * MOST_BYTES]).body == b"x" * MOST_BYTES
    told = ada.post("/api/v1/events", headers={"content-length": str(MOST_BYTES + 1)})
    assert (told.status, told.header("connection"), len(behind.reached)) == (413, "close", 1)


def test_a_body_that_does_not_say_how_long_it_is_is_counted(ada, behind):
    told = ada.post("/api/v1/events", parts=[b"x" * 1000] * (MOST_BYTES // 1000 + 1))
    assert told.status == 413 and len(behind.body) <= MOST_BYTES


def test_a_body_that_is_longer_than_it_said_is_counted_too(ada):
    assert ada.post("/api/v1/events", parts=[b"x" * (MOST_BYTES + 1)], headers={"content-length": "5"}).status == 413


def test_a_body_that_never_comes_or_comes_in_drops_is_not_waited_for_long(ada, monkeypatch):
    monkeypatch.setattr(door, "BODY_S", 0.1)
    assert ada.post("/api/v1/events", parts=[b"{"], ends=False).status == 408
    assert ada.post("/api/v1/events", parts=[b"x"] * 1000, every_s=0.02).status == 408


def test_a_phone_in_a_cellar_has_the_time_it_needs():
    assert BODY_S >= 10


def test_an_answer_that_has_begun_is_not_begun_again_when_the_body_turns_out_too_long():
    async def hasty(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] == "http.request":
            pass
        await send({"type": "http.response.body", "body": b"done"})

    told = Browser(stands_before(hasty), "somalink-1=d1.secret").post("/api/v1/events", parts=[b"x" * 40_000] * 2)
    assert (told.status, told.body) == (200, b"done")


def test_nothing_more_is_said_after_a_refusal():
    async def stubborn(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] == "http.request":
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    assert Browser(stands_before(stubborn), "somalink-1=d1.secret").post("/api/v1/events", parts=[b"x" * 70_000, b""]).status == 413


# ---------------------------------------------------------------- how often


def test_guesses_of_a_token_are_few_and_other_browsers_do_not_pay_for_them(behind):
    before = stands_before(behind, limits=Limits(joins=3, reads=5))
    guesser = Browser(before, address="192.168.1.66")
    assert [guesser.post("/api/v1/join", {}).status for _ in range(5)] == [200, 200, 200, 429, 429]
    assert Browser(before, address="192.168.1.7").post("/api/v1/join", {}).status == 200
    assert [guesser.get("/").status for _ in range(6)] == [200] * 5 + [429]


def test_writing_and_reading_are_counted_apart(behind):
    ada = Browser(stands_before(behind, limits=Limits(writes=2, reads=2)), "somalink-1=d1.secret")
    assert [ada.put("/api/v1/profile", {}).status for _ in range(3)] == [200, 200, 429]
    assert [ada.get("/api/v1/status").status for _ in range(3)] == [200, 200, 429]


def test_the_right_to_ask_comes_back_with_time_and_no_more_than_that():
    bucket = Bucket(60, 60.0, 0.0)
    assert sum(bucket.take(0.0) for _ in range(100)) == 60
    assert sum(bucket.take(10.0) for _ in range(100)) == 10
    assert sum(bucket.take(10_000.0) for _ in range(100)) == 60


def test_a_thousand_addresses_do_not_fill_the_memory(behind):
    before = stands_before(behind, limits=Limits(addresses=8))
    for number in range(50):
        Browser(before, address=f"192.168.1.{number}").get("/")
    assert len(before._buckets) == 8


# ---------------------------------------------------------------- what every answer carries


def test_every_answer_carries_what_keeps_other_sites_out(ada):
    for told in (ada.get("/"), ada.get("/api/v1/status"), ada.get("/", headers={"host": "evil.example"}), ada.post("/api/v1/x", headers={"x-somalink": None})):
        assert {name: told.header(name) for name in HEADERS} == HEADERS
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy and "*" not in policy


def test_what_is_anybodys_own_is_kept_by_no_cache_and_tells_the_time_here(ada):
    told = ada.get("/api/v1/status")
    assert (told.header("cache-control"), told.header("x-now-ms")) == ("no-store", "1700000000123")
    assert ada.get("/").header("cache-control") == ""
    assert Browser(ada.app).get("/api/v1/status").header("cache-control") == "no-store"


def test_a_fault_of_ours_is_said_in_our_words_and_logged_without_anybodys(caplog):
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("note: he laughed at me, hr 141")

    with caplog.at_level(logging.DEBUG):
        told = Browser(stands_before(broken), "somalink-1=d1.secret").post("/api/v1/events", {})
    assert (told.status, told.json["what"]) == (500, door.BROKEN.what)
    assert "ValueError at test_door.py:" in caplog.text and "laughed" not in caplog.text and "141" not in caplog.text


def test_a_fault_in_the_middle_of_an_answer_ends_it():
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    assert Browser(stands_before(broken), "somalink-1=d1.secret").get("/api/v1/stream").body == b""


def test_what_is_no_request_passes():
    heard = []

    async def lifespan(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["type"])

    asyncio.run(stands_before(lifespan)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert heard == ["lifespan"]


def test_one_answer_is_one_answer():
    with pytest.raises(AssertionError):
        said([])
