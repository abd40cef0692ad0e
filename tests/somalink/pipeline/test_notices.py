"""One sentence elsewhere, for who agreed, when a question opens; never a value."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from lived import PERSON, T0, agree, opened

from somalink.domain.time import HOUR_NS, MINUTE_NS
from somalink.domain.types import Prompt
from somalink.pipeline import notices
from somalink.pipeline.hub import Hub, Prompted, Setback
from somalink.pipeline.notices import SENTENCE, NoticeFailed, Ways, by_ntfy, follow, notify, on_desktop
from somalink.storage.local import LocalStore

ASKED = T0 + HOUR_NS
ROW = Prompt("p1", PERSON, ASKED, "arousal", "s1", True, "", "offer", 0.6, "seed")


class Topic(HTTPServer):
    """An ntfy server of this process: what was posted to it, and what it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiving)
        self.got: list[tuple[str, str, bytes]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/a-topic"


class Receiving(BaseHTTPRequestHandler):
    server: Topic

    def do_POST(self) -> None:
        self.server.got.append((self.command, self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture
def topic() -> Iterator[Topic]:
    with Topic() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with opened(tmp_path / "s.db") as store:
        agree(store, consent_notices="yes")
        with store.transaction() as write:
            write.put_prompts([ROW])
        yield store


def test_the_sentence_and_nothing_else_is_posted(topic):
    by_ntfy(topic.url)
    assert topic.got == [("POST", "/a-topic", SENTENCE.encode())]


def test_a_question_that_opens_is_told_of_once(store, topic):
    ways = Ways(ntfy_url=topic.url)
    assert notify(store, PERSON, ways, ASKED) == "p1"
    assert notify(store, PERSON, ways, ASKED + MINUTE_NS, told=frozenset({"p1"})) == ""
    assert len(topic.got) == 1


def test_nothing_is_sent_for_a_rating_a_withheld_one_or_a_question_a_page_shows(store, topic):
    ways = Ways(ntfy_url=topic.url)
    assert notify(store, PERSON, ways, ASKED + 11 * MINUTE_NS) == ""
    with store.transaction() as write:
        write.put_prompts([replace(ROW, shown_ns=ASKED + 1)])
    assert notify(store, PERSON, ways, ASKED + MINUTE_NS) == ""
    with store.transaction() as write:
        write.put_prompts([replace(ROW, id="p2", t_ns=ASKED + 2 * HOUR_NS, arm="withheld")])
    assert notify(store, PERSON, ways, ASKED + 2 * HOUR_NS) == ""
    assert not topic.got


def test_nothing_leaves_without_consent(tmp_path, topic):
    with opened(tmp_path / "other.db") as other:
        agree(other)
        with other.transaction() as write:
            write.put_prompts([ROW])
        assert notify(other, PERSON, Ways(desktop=True, ntfy_url=topic.url), ASKED) == ""
    assert not topic.got


def told(store: LocalStore, ways: Ways, times: int = 1) -> list[object]:
    """What is said on the hub besides, when a question opens `times` times over."""

    async def scene() -> list[object]:
        hub = Hub()
        heard = hub.subscribe()
        following = asyncio.ensure_future(follow(hub, store, ways, lambda: ASKED))
        await asyncio.sleep(0)
        for _ in range(times):
            hub.publish(Prompted(PERSON))
        hub_closes = asyncio.get_running_loop().call_later(0.5, hub.close)
        await following
        hub_closes.cancel()
        return [message async for message in heard]

    return asyncio.run(scene())


def test_a_live_run_tells_once_however_often_it_hears(store, topic):
    assert told(store, Ways(ntfy_url=topic.url), times=3) == [Prompted(PERSON)] * 3
    assert len(topic.got) == 1


def test_a_server_that_refuses_is_a_setback_and_no_crash(store, topic):
    topic.status = 500
    said = [message for message in told(store, Ways(ntfy_url=topic.url)) if isinstance(message, Setback)]
    assert [(each.what, bool(each.next_step)) for each in said] == [("a notice could not be sent by ntfy", True)]
    assert not any(char.isdigit() for each in said for char in each.what)


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_desktop_is_asked_by_its_own_program(monkeypatch, platform):
    ran: list[list[str]] = []
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(notices.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(notices.subprocess, "run", lambda command, **_: ran.append(command))
    on_desktop()
    assert len(ran) == 1 and SENTENCE in " ".join(ran[0])


def test_a_desktop_without_notices_says_so(monkeypatch):
    monkeypatch.setattr(notices.shutil, "which", lambda name: None)
    with pytest.raises(NoticeFailed, match="no notices"):
        on_desktop()
    monkeypatch.setattr(notices.shutil, "which", lambda name: "/usr/bin/false")
    monkeypatch.setattr(notices.subprocess, "run", lambda *_, **__: (_ for _ in ()).throw(subprocess.CalledProcessError(1, "x")))
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(NoticeFailed, match="could not be shown"):
        on_desktop()
