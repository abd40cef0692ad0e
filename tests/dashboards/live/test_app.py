"""The page's interface as two wearers meet it, who live in one house: whose it is, what it keeps, and what it says when it cannot."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import ADA, HOST, T0, Browser, House, Place, house_in, tag, uuid

from dashboards.live.app import MOST_POINTS, STATIC, VIEWS, event_bytes
from dashboards.live.door import HEADERS
from dashboards.live.shapes import Told
from somalink.domain.errors import StoreError
from somalink.domain.time import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Prompt
from somalink.pipeline.hub import Changed

MS = 1_000_000
DAY = f"from_ms={(T0 - DAY_NS) // MS}&to_ms={(T0 + DAY_NS) // MS}"
NOTE = "he laughed at me in front of everybody"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_in(tmp_path)
    with made.store:
        yield made


@pytest.fixture
def ada(house: House) -> Browser:
    return house.browser("ada")


@pytest.fixture
def ben(house: House) -> Browser:
    return house.browser("ben")


def tags(browser: Browser) -> list[dict[str, object]]:
    return browser.get(f"/api/v1/events?{DAY}").json


# ---------------------------------------------------------------- joining


def test_a_link_lets_one_browser_in_once(house):
    token = house.guests.invite("ada").token
    first, second = house.stranger(), house.stranger()
    joined = first.post("/api/v1/join", {"token": token})
    assert joined.status == 204 and joined.body == b""
    first.cookie = joined.cookie
    assert first.get("/api/v1/status").json["person"] == "ada"
    refused = second.post("/api/v1/join", {"token": token})
    assert refused.status == 401 and not refused.cookie and refused.json["next_step"]


def test_an_old_link_is_refused(house):
    token = house.guests.invite("ada").token
    house.now_ns += 15 * MINUTE_NS
    assert house.stranger().post("/api/v1/join", {"token": token}).status == 401


@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_is_kept_from_scripts_from_other_sites_and_with_tls_from_plain_http(tmp_path, secure):
    house = house_in(tmp_path, place=Place(frozenset({HOST}), secure=secure, cookie="__Host-somalink-1" if secure else "somalink-1"))
    origin = {"origin": f"{'https' if secure else 'http'}://{HOST}"}
    told = house.stranger().post("/api/v1/join", {"token": house.guests.invite("ada").token}, headers=origin).header("set-cookie")
    name, *flags = told.split("; ")
    assert name.startswith("__Host-somalink-1=" if secure else "somalink-1=")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(flags) and ("Secure" in flags) == secure
    assert not [flag for flag in flags if flag.lower().startswith("domain")]
    assert f"Max-Age={400 * 86_400}" in flags
    house.store.close()


def test_a_device_that_is_taken_back_is_out_at_once(house, ada):
    phone = house.browser("ada", here=False, name="my phone")
    listed = {each["name"]: each for each in ada.get("/api/v1/devices").json}
    assert {name: each["this"] for name, each in listed.items()} == {"browser": True, "my phone": False} and "hashed" not in listed["my phone"]
    assert ada.delete(f"/api/v1/devices/{listed['my phone']['id']}").status == 204
    assert phone.get("/api/v1/status").status == phone.post("/api/v1/events", tag()).status == 401
    assert ada.get("/api/v1/status").status == 200
    assert ada.delete(f"/api/v1/devices/{listed['my phone']['id']}").status == 404


def test_a_device_that_is_taken_back_hears_nothing_more_on_a_stream_that_was_open(house, ada):
    async def told() -> None:
        phone = house.guests.join(house.guests.invite("ada").token, "phone")
        listener = house.stranger(cookie=f"somalink={phone}")
        async with listener.listening("/api/v1/stream") as stream, Browser(house.app, ada.cookie).listening("/api/v1/stream") as kept:
            await stream.begun()
            await kept.begun()
            house.hub.publish(Changed(7, "ada"))
            assert (await stream.next())["id"] == 7
            house.guests.forget("ada", phone.partition(".")[0])
            house.hub.publish(Changed(8, "ada"))
            assert [(await kept.next())["id"] for _ in range(2)] == [7, 8]
            await asyncio.wait_for(stream.ended.wait(), 5)
            assert not stream.waiting

    asyncio.run(told())


def test_a_device_is_called_what_its_browser_says_it_is_unless_it_says_itself(house, ada):
    for said in ({"headers": {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)"}}, {"headers": {"user-agent": "Mozilla/5.0 (Linux; Android 15)"}}):
        house.now_ns += 1
        house.browser("ada", **said)
    house.now_ns += 1
    house.browser("ada", name="  my\n\x00tablet  ")
    assert [each["name"] for each in ada.get("/api/v1/devices").json] == ["browser", "iPhone", "Android phone", "mytablet"]


def test_a_code_for_a_phone_is_drawn_on_this_computer_and_nowhere_else(house, ada):
    told = ada.post("/api/v1/invite")
    assert told.json["url"].startswith("http://192.168.1.5:8765/join#") and told.json["svg"].startswith("<svg")
    assert told.json["until_ms"] == (house.now_ns + 15 * MINUTE_NS) // MS
    phone = house.stranger()
    phone.cookie = phone.post("/api/v1/join", {"token": told.json["url"].partition("#")[2]}).cookie
    assert phone.get("/api/v1/status").json["person"] == "ada"
    assert phone.post("/api/v1/invite").status == 403


def test_a_page_that_is_closed_to_the_network_invites_nobody_from_it(tmp_path):
    house = house_in(tmp_path, place=Place(frozenset({HOST})))
    told = house.browser().post("/api/v1/invite")
    assert told.status == 403 and "--lan" in told.json["next_step"]
    house.store.close()


def test_the_page_knows_where_it_is_served(house, ada):
    told = ada.get("/api/v1/status").json
    assert (told["lan"], told["secure"], told["here"]) == (True, False, True)
    assert house.browser("ada", here=False).get("/api/v1/status").json["here"] is False


# ---------------------------------------------------------------- whose page it is


def test_each_sees_their_own_page_alone(house, ada, ben):
    ada.post("/api/v1/events", tag(1, note=NOTE))
    ben.post("/api/v1/events", tag(2))
    assert [each["id"] for each in tags(ada)] == [uuid(1)] and [each["id"] for each in tags(ben)] == [uuid(2)]
    assert ada.get("/api/v1/status").json["person"] == "ada" and ben.get("/api/v1/status").json["person"] == "ben"
    assert len(ada.get(f"/api/v1/indices?{DAY}").json["t_ms"]) > len(ben.get(f"/api/v1/indices?{DAY}").json["t_ms"]) > 0
    assert NOTE not in "".join(ben.get(path).body.decode() for path in everything())


def everything() -> list[str]:
    spans = ("indices", "episodes", "events", "ratings", "sessions", "prompts")
    return [f"/api/v1/{name}?{DAY}" for name in spans] + [f"/api/v1/{name}" for name in ("status", "plans", "prompts/open", "profile", "days", "devices")]


def test_another_persons_tag_is_neither_changed_nor_taken_back_and_not_said_to_exist(ada, ben):
    ada.post("/api/v1/events", tag(1, note=NOTE))
    change = {"revision": 1, "made_at_ns": str(T0), "distress": 9}
    for told, none in ((ben.put(f"/api/v1/events/{uuid(1)}", change), ben.put(f"/api/v1/events/{uuid(9)}", change)),):
        assert told.status == none.status == 404 and told.body == none.body
    assert ben.delete(f"/api/v1/events/{uuid(1)}?revision=1").status == ben.delete(f"/api/v1/events/{uuid(9)}?revision=1").status == 204
    assert tags(ada)[0]["note"] == NOTE and tags(ada)[0]["revision"] == 1


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("events", tag(1)),
        ("ratings", {"id": uuid(1), "t_ns": str(T0), "kind": "distress", "value": 3}),
        ("sessions", {"id": uuid(1), "start_ns": str(T0), "stop_ns": str(T0 + MINUTE_NS), "kind": "breathing"}),
        ("plans", {"id": uuid(1), "step": "say hello", "kind": "exposure_step", "t_ns": str(T0)}),
    ],
)
def test_an_id_of_another_person_cannot_be_used_and_nothing_of_theirs_is_shown(ada, ben, path, form):
    assert ada.post(f"/api/v1/{path}", form).status == 201
    other = {**form, **({"value": 9} if path == "ratings" else {})}
    told = ben.post(f"/api/v1/{path}", other)
    assert told.status == 403 and "ada" not in told.body.decode()
    where = f"/api/v1/{path}" + ("" if path == "plans" else f"?{DAY}")
    assert [each["id"] for each in ada.get(where).json] == [uuid(1)] and ben.get(where).json == []
    if path == "ratings":
        assert ada.get(where).json[0]["value"] == 3


def test_another_persons_prompt_cannot_be_answered(house, ada, ben):
    with house.store.transaction() as write:
        write.put_prompts([Prompt("p1", "ada", house.now_ns - MINUTE_NS, "arousal", "", True, "", "offer", 0.5)])
    assert ada.get("/api/v1/prompts/open").json["prompt"]["id"] == "p1" and ben.get("/api/v1/prompts/open").json["prompt"] is None
    told, none = (ben.post("/api/v1/answers", {"prompt_id": id, "answer": "not_now"}) for id in ("p1", "p9"))
    assert told.status == none.status == 404 and told.body == none.body
    assert house.store.answers_to("p1") == []
    assert ada.post("/api/v1/answers", {"prompt_id": "p1", "answer": "not_now"}).status == 200


def test_another_persons_device_cannot_be_taken_back(house, ada, ben):
    [device] = ada.get("/api/v1/devices").json
    assert ben.delete(f"/api/v1/devices/{device['id']}").status == ben.delete("/api/v1/devices/0000").status == 404
    assert ada.get("/api/v1/status").status == 200


def test_whose_it_is_is_never_read_from_what_is_sent(ben):
    assert ben.post("/api/v1/events", {**tag(1), "person": "ada"}).status == 422
    assert ben.get(f"/api/v1/events?{DAY}&person=ada").json == []


def test_a_stream_tells_of_its_own_person_alone(house, ada, ben):
    async def told() -> None:
        async with Browser(house.app, ada.cookie).listening("/api/v1/stream") as stream:
            await stream.begun()
            house.hub.publish(Changed(3, "ben"))
            house.hub.publish(Changed(4, "ada"))
            assert (await stream.next())["id"] == 4

    asyncio.run(told())


# ---------------------------------------------------------------- tags


def test_a_tag_that_is_sent_twice_is_one(ada):
    first, again = ada.post("/api/v1/events", tag(1, note=NOTE)), ada.post("/api/v1/events", tag(1, note=NOTE))
    assert (first.status, again.status) == (201, 200) and first.json == again.json
    assert len(tags(ada)) == 1


def test_a_tag_that_is_sent_again_after_it_was_changed_elsewhere_does_not_undo_that(ada):
    ada.post("/api/v1/events", tag(1))
    ada.put(f"/api/v1/events/{uuid(1)}", {"revision": 1, "made_at_ns": str(T0), "distress": 7})
    assert ada.post("/api/v1/events", tag(1)).json["distress"] == tags(ada)[0]["distress"] == 7


def test_one_id_is_never_two_tags(ada):
    ada.post("/api/v1/events", tag(1))
    told = ada.post("/api/v1/events", tag(1, kind="support"))
    assert told.status == 409 and told.json["current"]["kind"] == "conflict" and len(tags(ada)) == 1


def test_a_tag_that_was_taken_back_does_not_return_when_it_is_sent_again(ada):
    ada.post("/api/v1/events", tag(1))
    assert ada.delete(f"/api/v1/events/{uuid(1)}?revision=1").status == 204
    assert tags(ada) == [] and ada.post("/api/v1/events", tag(1)).status == 404


def test_fields_that_were_changed_on_two_devices_meet(ada, house):
    ada.post("/api/v1/events", tag(1))
    phone = house.browser("ada")
    assert ada.put(f"/api/v1/events/{uuid(1)}", {"revision": 1, "made_at_ns": str(T0), "distress": 7}).json["revision"] == 2
    merged = phone.put(f"/api/v1/events/{uuid(1)}", {"revision": 1, "made_at_ns": str(T0), "note": NOTE})
    assert merged.status == 200 and (merged.json["distress"], merged.json["note"], merged.json["revision"]) == (7, NOTE, 3)


def test_one_field_that_was_changed_on_two_devices_is_shown_as_it_is_now(ada):
    ada.post("/api/v1/events", tag(1))
    ada.put(f"/api/v1/events/{uuid(1)}", {"revision": 1, "made_at_ns": str(T0), "distress": 7, "need": "space"})
    told = ada.put(f"/api/v1/events/{uuid(1)}", {"revision": 1, "made_at_ns": str(T0), "distress": 3})
    assert told.status == 409 and (told.json["current"]["distress"], told.json["current"]["revision"], told.json["current"]["deleted"]) == (7, 2, False)
    assert ada.put(f"/api/v1/events/{uuid(1)}", {"revision": 2, "made_at_ns": str(T0), "distress": 3}).json["revision"] == 3


def test_an_edit_that_is_sent_twice_is_one(ada):
    ada.post("/api/v1/events", tag(1))
    change = {"revision": 1, "made_at_ns": str(T0), "distress": 7}
    assert [ada.put(f"/api/v1/events/{uuid(1)}", change).json["revision"] for _ in range(2)] == [2, 2]


def test_a_tag_that_was_taken_back_elsewhere_is_not_brought_back_by_an_edit(ada):
    ada.post("/api/v1/events", tag(1))
    ada.delete(f"/api/v1/events/{uuid(1)}?revision=1")
    for revision in (1, 2):
        told = ada.put(f"/api/v1/events/{uuid(1)}", {"revision": revision, "made_at_ns": str(T0), "distress": 3})
        assert told.status == 409 and told.json["current"]["deleted"] is True
    assert tags(ada) == []


def test_taking_back_needs_to_have_seen_what_is_taken_back(ada):
    ada.post("/api/v1/events", tag(1))
    ada.put(f"/api/v1/events/{uuid(1)}", {"revision": 1, "made_at_ns": str(T0), "distress": 7})
    assert ada.delete(f"/api/v1/events/{uuid(1)}?revision=9").status == 400
    assert ada.delete(f"/api/v1/events/{uuid(1)}?revision=2").status == 204
    assert ada.delete(f"/api/v1/events/{uuid(1)}?revision=2").status == 204, "taken back is taken back"


def test_a_revision_that_never_was_is_no_ground_for_an_edit(ada):
    ada.post("/api/v1/events", tag(1))
    assert ada.put(f"/api/v1/events/{uuid(1)}", {"revision": 5, "made_at_ns": str(T0), "distress": 3}).status == 400


def test_a_tag_ends_after_it_began(ada):
    assert ada.post("/api/v1/events", tag(1, t_end_ns=str(T0))).status == 422
    ada.post("/api/v1/events", tag(1, t_end_ns=str(T0 + HOUR_NS)))
    late = {"revision": 1, "made_at_ns": str(T0), "t_ns": str(T0 + 2 * HOUR_NS)}
    assert ada.put(f"/api/v1/events/{uuid(1)}", late).status == 400


def test_a_tag_comes_back_as_it_was_said(ada):
    said = tag(1, sensations=["tight_jaw", "heat"], with_whom=["friend"], distress=0, blind=True, spoken=False, note=NOTE, certainty_s=300)
    kept = ada.post("/api/v1/events", said).json
    assert {name: kept[name] for name in said} == said and kept["source"] == "page"
    assert kept["t_ns"] == said["t_ns"], "nanoseconds as text: a browser's numbers would lose their last digits"
    assert not {"person", "received_ns", "deleted"} & set(kept)


def test_numbers_exercises_and_plans_are_kept_once(ada):
    rating = {"id": uuid(1), "t_ns": str(T0), "kind": "belonging", "value": 6}
    session = {"id": uuid(2), "start_ns": str(T0), "stop_ns": str(T0 + 5 * MINUTE_NS), "kind": "breathing", "rate": 6}
    plan = {"id": uuid(3), "step": "say hello at the bakery", "kind": "exposure_step", "t_ns": str(T0 + DAY_NS)}
    for name, form in (("ratings", rating), ("sessions", session), ("plans", plan)):
        assert [ada.post(f"/api/v1/{name}", form).status for _ in range(2)] == [201, 200]
    assert ada.get(f"/api/v1/ratings?{DAY}").json[0]["value"] == 6
    assert ada.get(f"/api/v1/sessions?{DAY}").json[0]["rate"] == 6
    assert ada.get("/api/v1/plans").json[0]["step"] == plan["step"]


def test_a_number_may_be_thought_better_of(ada):
    rating = {"id": uuid(1), "t_ns": str(T0), "kind": "belonging", "value": 6}
    ada.post("/api/v1/ratings", rating)
    assert ada.post("/api/v1/ratings", {**rating, "value": 4}).status == 200
    assert [each["value"] for each in ada.get(f"/api/v1/ratings?{DAY}").json] == [4]


def test_choices_are_set_a_few_at_a_time(ada, ben):
    assert ada.put("/api/v1/profile", {"hide_heart_rate": "yes", "prompt_cap": "2"}).json["choices"]["prompt_cap"] == "2"
    assert ada.get("/api/v1/profile").json["choices"]["hide_heart_rate"] == "yes"
    assert ben.get("/api/v1/profile").json["choices"]["hide_heart_rate"] == "no"
    assert ada.put("/api/v1/profile", {"prompt_cap": "9"}).status == ada.put("/api/v1/profile", {"browser/x": "y"}).status == 422


# ---------------------------------------------------------------- what is asked wrongly


def test_an_unknown_address_is_said_so_in_our_own_words(ada):
    for path in ("/api/v1/nothing", "/nothing", "/static/nothing.js", "/static/../app.py", "/static/%2e%2e/app.py", "/texts/xx.json", "/docs", "/redoc"):
        told = ada.get(path)
        assert told.status == 404 and set(told.json) == {"what", "next_step"}, path


def test_what_cannot_be_done_with_an_address_is_not_done(ada):
    for method, path in (
        ("POST", "/api/v1/status"),
        ("DELETE", "/api/v1/events"),
        ("PATCH", f"/api/v1/events/{uuid(1)}"),
        ("POST", "/"),
        ("PUT", "/static/sw.js"),
    ):
        told = ada.ask(method, path)
        assert told.status in (404, 405) and set(told.json) == {"what", "next_step"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"id": "\\ud800"}', b"[" * 30_000])
def test_what_is_no_tag_is_refused_and_names_a_field_at_most(ada, body):
    told = ada.post("/api/v1/events", parts=[body])
    assert told.status in (400, 422) and told.json["what"]


def test_a_refusal_names_the_field_and_what_may_stand_in_it_and_not_what_stood_there(ada):
    told = ada.post("/api/v1/events", tag(1, kind=NOTE, distress=3))
    assert told.status == 422 and told.json["what"].startswith("kind: choose from: ") and NOTE not in told.body.decode()
    assert ada.post("/api/v1/events", tag(1, mood="bad")).json["what"].startswith("mood: ")


@pytest.mark.parametrize(
    "span", ["from_ms=5&to_ms=4", f"from_ms=0&to_ms={401 * 86_400_000}", "from_ms=-1&to_ms=4", f"from_ms=0&to_ms={2**63}", "from_ms=x&to_ms=1", ""]
)
def test_a_span_that_is_none_is_refused(ada, span):
    assert ada.get(f"/api/v1/events?{span}").status == ada.get(f"/api/v1/indices?{span}").status == 422


def test_nobody_is_told_more_points_than_a_screen_can_show(ada):
    to_ms = T0 // MS
    most = MOST_POINTS * 5 * 1000
    assert ada.get(f"/api/v1/indices?from_ms={to_ms - most}&to_ms={to_ms}&step=5").status == 200
    assert ada.get(f"/api/v1/indices?from_ms={to_ms - most - 60_000}&to_ms={to_ms}&step=5").status == 422


def test_a_store_in_trouble_asks_for_another_try_and_nothing_is_thrown_away(house, ada, monkeypatch):
    def full(*_: object) -> None:
        raise StoreError("the disk is full", next_step="make room")

    monkeypatch.setattr(house.desk.store, "transaction", full)
    told = ada.post("/api/v1/events", tag(1, note=NOTE))
    assert (told.status, told.json["next_step"]) == (503, "make room"), "what a page hears as 4xx it does not send again"


def test_a_fault_of_ours_is_a_fault_of_ours(house, ada, monkeypatch, caplog):
    def broken(*_: object) -> None:
        raise KeyError(NOTE)

    monkeypatch.setattr(type(house.desk), "tag", broken)
    told = ada.post("/api/v1/events", tag(1, note=NOTE))
    assert told.status == 500 and set(told.json) == {"what", "next_step"} and NOTE not in told.body.decode()
    assert "KeyError at test_app.py" in caplog.text and NOTE not in caplog.text


def test_no_value_and_no_note_stands_in_a_log(house, ada, caplog):
    with caplog.at_level(logging.DEBUG):
        ada.post("/api/v1/events", tag(1, note=NOTE, distress=7))
        ada.put(f"/api/v1/events/{uuid(1)}", {"revision": 1, "made_at_ns": str(T0), "note": NOTE + " again"})
        ada.post("/api/v1/events", tag(2, kind=NOTE))
        for path in everything():
            ada.get(path)
        ada.delete(f"/api/v1/events/{uuid(1)}?revision=2")
    ours = [record.getMessage() for record in caplog.records if record.name != "asyncio"]
    assert not ours


# ---------------------------------------------------------------- the page's own parts


def test_every_view_is_the_one_document(ada):
    for path in VIEWS:
        told = ada.get(path)
        assert (told.status, told.body) == (200, (STATIC / "index.html").read_bytes()) and told.header("cache-control") == "no-cache"


def test_parts_of_the_page_have_their_right_names_and_are_asked_for_anew(ada):
    for path, kind in (("/static/js/queue.js", "text/javascript"), ("/static/css/base.css", "text/css"), ("/static/icon.svg", "image/svg+xml")):
        told = ada.get(path)
        assert told.status == 200 and told.header("content-type").startswith(kind) and told.header("cache-control") == "no-cache", path
    again = ada.get("/static/js/queue.js", headers={"if-none-match": ada.get("/static/js/queue.js").header("etag")})
    assert again.status == 304


def test_the_page_asks_nobody_else_for_anything():
    """What the policy would forbid anyway: parts from elsewhere, styles and scripts inside the document."""
    page = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"https?://|<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", page)


def test_texts_are_one_catalogue_a_language(ada):
    english, german = (ada.get(f"/texts/{language}.json").json for language in ("en", "de"))
    assert set(english) == set(german) and len(english) > 100


def test_the_interface_is_published(house):
    told = house.stranger().get("/openapi.json")
    assert told.status == 200
    named = {path.removeprefix("/api/v1/") for path in told.json["paths"]}
    assert {"status", "indices", "episodes", "events", "ratings", "answers", "sessions", "plans", "prompts", "profile", "stream", "join"} <= named


def test_every_answer_carries_what_keeps_other_sites_out(house, ada):
    answers = [ada.get(path) for path in (*everything(), *VIEWS, "/openapi.json", "/nothing", "/static/js/queue.js", "/texts/en.json")]
    answers += [ada.post("/api/v1/events", tag(1)), ada.post("/api/v1/events", {}), ada.post("/api/v1/status"), house.stranger().get("/api/v1/status")]
    for told in answers:
        assert {name: told.header(name) for name in HEADERS} == HEADERS


# ---------------------------------------------------------------- the stream


def test_who_was_away_is_told_that_something_changed(house, ada):
    async def told() -> None:
        before = house.store.change
        listener = Browser(house.app, ada.cookie)
        async with listener.listening("/api/v1/stream", headers={"last-event-id": str(before)}) as stream:
            await stream.begun()
            assert not stream.waiting, "nothing was missed"
        await listener.asked("POST", "/api/v1/events", tag(1))
        for known in (before, house.store.change + 5):
            async with listener.listening("/api/v1/stream", headers={"last-event-id": str(known)}) as stream:
                assert await stream.next() == {"name": "changed", "data": {}, "id": house.store.change}

    asyncio.run(told())


@pytest.mark.parametrize("last", ["", "x", "-1", "9" * 30, "²", "1.5"])
def test_a_number_that_is_none_is_passed_over(house, ada, last):
    async def told() -> None:
        headers = {"last-event-id": last} if last.isascii() else {}
        async with Browser(house.app, ada.cookie).listening("/api/v1/stream", headers=headers) as stream:
            await stream.begun()
            assert stream.status == 200 and not stream.waiting

    asyncio.run(told())


def test_a_tag_of_one_device_is_news_on_the_other_at_once(house, ada):
    async def told() -> None:
        phone = Browser(house.app, ada.cookie)
        async with phone.listening("/api/v1/stream") as stream:
            await stream.begun()
            await phone.asked("POST", "/api/v1/events", tag(1))
            assert (await stream.next("changed"))["id"] == house.store.change

    asyncio.run(told())


def test_streams_end_when_the_program_does(house, ada):
    async def told() -> None:
        listener = Browser(house.app, ada.cookie)
        async with listener.listening("/api/v1/stream") as stream, listener.listening(f"/api/v1/breath?start_ms={T0 // MS}") as breath:
            await stream.begun()
            await breath.begun()
            house.hub.close()
            await asyncio.wait_for(stream.ended.wait(), 5)
            await asyncio.wait_for(breath.ended.wait(), 5)

    asyncio.run(told())


def test_a_browser_that_leaves_leaves_nothing_behind(house, ada):
    async def told() -> None:
        async with Browser(house.app, ada.cookie).listening("/api/v1/stream") as stream:
            await stream.begun()
            assert house.hub.watched
        await asyncio.sleep(0.05)
        assert not house.hub.watched
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(told())


def test_a_message_is_one_block_whatever_stands_in_it():
    wire = event_bytes(Told("link", {"words": "line one\nid: 7\n\ndata: x"}, 3)).decode()
    assert wire.startswith("id: 3\nevent: link\ndata: ") and wire.endswith("\n\n") and wire.count("\n") == 4
    assert json.loads(wire.splitlines()[2].removeprefix("data: "))["words"].startswith("line one")


def test_pacers_that_no_body_could_follow_are_refused(ada):
    for query in ("rate=3", "rate=13", "rate=6&in_s=0.5", "rate=nan", "rate=6&ex_s=99"):
        assert ada.get(f"/api/v1/breath?start_ms={T0 // MS}&{query}").status == 422


def test_the_hours_of_the_wearer_are_those_of_the_recording(house, ada):
    assert ada.get("/api/v1/status").json["offset_s"] == 3600
    assert ADA.person == "ada" and house.now_ns == T0 + 2 * 3600 * SECOND_NS
