"""What a Grafana that already runs is given, and what it is not: against a small one that answers as the real one was watched to, and, where one is
named (tests/support/grafanas.py), against the real one."""

import json
from dataclasses import replace
from importlib.util import find_spec

import pytest
from grafanas import BOARD, FOLDER, RULE, SOURCE, FakeGrafana, a_grafana, fake_grafana, real_grafana  # noqa: F401  fixtures

from somalink.domain.errors import SomalinkError, UsageError
from somalink.pipeline.grafana import MARK, PATIENCE_S, GrafanaError, Influx, Kind, State, Step, merged, opened, step_of, wanted

there = pytest.mark.skipif(find_spec("grafana_client") is None, reason="grafana-client is kept out of this environment: docs/decisions/0027; make grafana")
ALL = (Kind.SOURCE, Kind.FOLDER, Kind.BOARD, Kind.RULE)


def things(grafana, *, rules=True, source=True, token=None):
    address, bucket, read_token = grafana.influx
    influx = Influx(address, bucket, read_token if token is None else token) if source else None
    return wanted(influx, tz="UTC", rules=rules)


def applied(grafana, of=None, *, role="Admin") -> dict[str, State]:
    """Applies all, and gives what was found of each before."""
    with opened(grafana.url, grafana.token(role)) as met:
        steps = met.plan(things(grafana) if of is None else of)
        met.carry_out(steps)
    return {step.thing.uid: step.state for step in steps}


def held(grafana) -> dict[str, object]:
    """All of ours in it, with the versions that Grafana counts."""
    return {thing.uid: grafana.call("GET", f"/api/{PATHS[thing.kind]}/{thing.uid}") for thing in things(grafana)}


PATHS = {Kind.SOURCE: SOURCE, Kind.FOLDER: FOLDER, Kind.BOARD: BOARD, Kind.RULE: RULE}


# ---------------------------------------------------------------- without any Grafana


def test_what_is_wanted_comes_after_what_it_needs_and_nothing_is_named_twice():
    made = wanted(Influx("http://influx:8086", "somalink", "read-me"), tz="UTC", rules=True)
    kinds = [ALL.index(thing.kind) for thing in made]
    assert kinds == sorted(kinds) and set(kinds) == {0, 1, 2, 3}
    assert len({(thing.kind, thing.uid) for thing in made}) == len(made)


def test_no_token_is_among_what_is_compared_shown_or_printed():
    made = wanted(Influx("http://influx:8086", "somalink", "read-me-and-tell-nobody"), tz="UTC", rules=True)
    source = made[0]
    assert source.secret["httpHeaderValue1"] == "Token read-me-and-tell-nobody"
    assert "read-me-and-tell-nobody" not in repr(made)
    assert "read-me-and-tell-nobody" not in "\n".join(Step(source, {}).difference())
    assert "read-me-and-tell-nobody" not in repr(Influx("http://influx:8086", "somalink", "read-me-and-tell-nobody"))


def test_another_token_leaves_another_mark_and_none_leaves_none():
    marks = [wanted(Influx("http://i", "b", token), tz="UTC", rules=False)[0].wanted["jsonData"].get(MARK) for token in ("one", "two", "")]
    assert marks[0] != marks[1] and len(marks[0]) == 4 and marks[2] is None


def test_days_end_at_the_midnight_that_was_asked_for():
    boards = [thing.wanted["dashboard"] for thing in wanted(None, tz="Europe/Rome", rules=False) if thing.kind is Kind.BOARD]
    assert boards and all(board["timezone"] == "Europe/Rome" for board in boards)


def test_what_a_clinic_added_to_the_data_source_is_no_difference_and_is_kept():
    thing = wanted(Influx("https://influx", "somalink", "t"), tz="UTC", rules=False)[0]
    found = {**thing.wanted, "id": 4, "jsonData": {**thing.wanted["jsonData"], "tlsAuthWithCACert": True}}
    assert step_of(thing, found).state is State.SAME
    moved = replace(thing, wanted={**thing.wanted, "url": "https://elsewhere"})
    assert step_of(moved, found).state is State.DIFFERENT
    written = merged(found, moved.wanted)
    assert written["url"] == "https://elsewhere" and written["jsonData"]["tlsAuthWithCACert"] is True and written["id"] == 4


def test_a_board_that_was_added_to_by_hand_is_different_and_the_lines_say_where():
    thing = next(each for each in wanted(None, tz="UTC", rules=False) if each.kind is Kind.BOARD)
    found = {"dashboard": {**thing.wanted["dashboard"], "id": 7, "version": 3, "title": "Mine"}, "meta": {"folderUid": "somalink", "provisioned": False}}
    step = step_of(thing, found)
    assert step.state is State.DIFFERENT
    changed = [line for line in step.difference() if line.startswith(("-", "+")) and not line.startswith(("---", "+++"))]
    assert changed == ['-  "title": "Mine",', f'+  "title": "{thing.title}",']


@pytest.mark.parametrize("kind", [Kind.SOURCE, Kind.BOARD, Kind.RULE])
def test_what_a_grafana_has_from_its_own_files_is_left_alone_and_said_so(kind):
    thing = next(each for each in wanted(Influx("http://i", "b", "t"), tz="UTC", rules=True) if each.kind is kind)
    from_files = {
        Kind.SOURCE: {**thing.wanted, "url": "http://other", "readOnly": True},
        Kind.BOARD: {"dashboard": {"title": "other"}, "meta": {"folderUid": "somalink", "provisioned": True}},
        Kind.RULE: {**thing.wanted, "title": "other", "provenance": "file"},
    }[kind]
    with pytest.raises(GrafanaError, match="from its own files"):
        step_of(thing, from_files)


def test_a_data_source_from_files_that_is_as_it_should_be_needs_no_mark():
    thing = wanted(Influx("http://i", "b", "t"), tz="UTC", rules=False)[0]
    without = {name: each for name, each in thing.wanted["jsonData"].items() if name != MARK}
    assert step_of(thing, {**thing.wanted, "jsonData": without, "readOnly": True}).state is State.SAME


def test_a_rule_from_files_lies_in_whatever_folder_they_gave_it():
    thing = next(each for each in wanted(None, tz="UTC", rules=True) if each.kind is Kind.RULE)
    found = {**thing.wanted, "folderUID": "made-up-by-grafana"}
    assert step_of(thing, {**found, "provenance": "file"}).state is State.SAME
    assert step_of(thing, {**found, "provenance": "api"}).state is State.DIFFERENT


@pytest.mark.skipif(find_spec("grafana_client") is not None, reason="grafana-client is here")
def test_who_has_no_client_is_told_how_to_get_one_and_why_apart():
    with pytest.raises(SomalinkError) as caught, opened("http://127.0.0.1:3000", "t"):
        pass
    assert "grafana-client" in caught.value.what
    assert "environment of its own" in caught.value.next_step and "somalink[grafana]" in caught.value.next_step


# ---------------------------------------------------------------- with one


@there
def test_an_empty_grafana_is_given_all_and_a_second_time_nothing(a_grafana):  # noqa: F811
    assert set(applied(a_grafana).values()) == {State.MISSING}
    first = held(a_grafana)
    assert {status for status, _ in first.values()} == {200}
    assert set(applied(a_grafana).values()) == {State.SAME}
    assert held(a_grafana) == first


@there
def test_what_it_then_holds_is_what_is_here(a_grafana):  # noqa: F811
    applied(a_grafana)
    for thing in things(a_grafana):
        _, found = a_grafana.call("GET", f"/api/{PATHS[thing.kind]}/{thing.uid}")
        assert step_of(thing, found).before == thing.wanted, thing.uid


@there
def test_only_what_somebody_changed_is_put_right_and_counts_one_version_up(a_grafana):  # noqa: F811
    applied(a_grafana)
    _, live = a_grafana.call("GET", "/api/dashboards/uid/somalink-live")
    spoilt = {**live["dashboard"], "title": "Spoilt"}
    assert a_grafana.call("POST", "/api/dashboards/db", {"dashboard": spoilt, "folderUid": "somalink", "overwrite": True})[0] == 200
    before = held(a_grafana)
    states = applied(a_grafana)
    assert {uid for uid, state in states.items() if state is not State.SAME} == {"somalink-live"}
    after = held(a_grafana)
    assert {uid for uid in after if after[uid] != before[uid]} == {"somalink-live"}
    assert after["somalink-live"][1]["dashboard"]["version"] == before["somalink-live"][1]["dashboard"]["version"] + 1
    assert after["somalink-live"][1]["dashboard"]["title"] == live["dashboard"]["title"]


@there
def test_a_rule_that_somebody_changed_is_put_right(a_grafana):  # noqa: F811
    applied(a_grafana)
    uid = next(thing.uid for thing in things(a_grafana) if thing.kind is Kind.RULE)
    _, rule = a_grafana.call("GET", f"/api/{RULE}/{uid}")
    assert a_grafana.call("PUT", f"/api/{RULE}/{uid}", {**rule, "for": "2h"})[0] == 200
    assert applied(a_grafana)[uid] is State.DIFFERENT
    assert a_grafana.call("GET", f"/api/{RULE}/{uid}")[1]["for"] == rule["for"]


@there
def test_another_read_token_changes_the_data_source_and_no_token_leaves_it(a_grafana):  # noqa: F811
    applied(a_grafana)
    assert applied(a_grafana, things(a_grafana, token="another"))["somalink-influx"] is State.DIFFERENT
    assert applied(a_grafana, things(a_grafana, token=""))["somalink-influx"] is State.SAME
    assert applied(a_grafana)["somalink-influx"] is State.DIFFERENT
    assert applied(a_grafana)["somalink-influx"] is State.SAME


@there
def test_what_a_clinic_added_to_the_data_source_survives_a_change(a_grafana):  # noqa: F811
    applied(a_grafana)
    _, source = a_grafana.call("GET", f"/api/{SOURCE}/somalink-influx")
    source["jsonData"]["tlsSkipVerify"] = True
    source["url"] = "http://127.0.0.1:9"
    assert a_grafana.call("PUT", f"/api/{SOURCE}/somalink-influx", source)[0] == 200
    assert applied(a_grafana)["somalink-influx"] is State.DIFFERENT
    _, after = a_grafana.call("GET", f"/api/{SOURCE}/somalink-influx")
    assert after["url"] == a_grafana.influx[0] and after["jsonData"]["tlsSkipVerify"] is True
    assert after["secureJsonFields"] == {"httpHeaderValue1": True}


@there
def test_a_first_data_source_needs_a_token_that_reads(a_grafana):  # noqa: F811
    with pytest.raises(GrafanaError, match="needs a token that reads"):
        applied(a_grafana, things(a_grafana, token=""))


@there
def test_planning_writes_nothing(a_grafana):  # noqa: F811
    with opened(a_grafana.url, a_grafana.token("Admin")) as met:
        assert {step.state for step in met.plan(things(a_grafana))} == {State.MISSING}
    assert {status for status, _ in held(a_grafana).values()} == {404}


@there
def test_an_editor_may_not_make_data_sources_and_is_told_what_would_help(a_grafana):  # noqa: F811
    with pytest.raises(GrafanaError) as caught:
        applied(a_grafana, role="Editor")
    assert "data source" in caught.value.what and "--no-datasource" in caught.value.next_step
    assert {status for status, _ in held(a_grafana).values()} == {404}


@there
def test_an_editor_makes_the_rest(a_grafana):  # noqa: F811
    rest = things(a_grafana, source=False)
    assert set(applied(a_grafana, rest, role="Editor").values()) == {State.MISSING}
    assert set(applied(a_grafana, rest, role="Editor").values()) == {State.SAME}


@there
def test_a_viewer_is_told_which_role_it_takes(a_grafana):  # noqa: F811
    with pytest.raises(GrafanaError) as caught:
        applied(a_grafana, things(a_grafana, source=False), role="Viewer")
    assert "folder" in caught.value.what and "Editor" in caught.value.next_step


@there
def test_a_token_that_is_not_known_there_is_told_apart(a_grafana):  # noqa: F811
    with pytest.raises(GrafanaError, match="does not know this token"), opened(a_grafana.url, "glsa_nobody"):
        pass


@there
def test_it_is_tried_whether_grafana_can_read_the_replica(a_grafana):  # noqa: F811
    applied(a_grafana)
    with opened(a_grafana.url, a_grafana.token("Admin")) as met:
        reading = met.reads()
    assert reading.works, reading.words


# ---------------------------------------------------------------- what only the small one can be made to do


@there
def test_a_replica_that_grafana_cannot_read_is_said_in_grafanas_words(fake_grafana: FakeGrafana):  # noqa: F811
    fake_grafana.influx_says = "error performing influxQL query: connection refused"
    applied(fake_grafana)
    with opened(fake_grafana.url, fake_grafana.token("Admin")) as met:
        reading = met.reads()
    assert not reading.works and "connection refused" in reading.words


@there
def test_a_wrong_token_is_noticed_where_anybody_may_look(fake_grafana: FakeGrafana):  # noqa: F811
    fake_grafana.anonymous = True
    with pytest.raises(GrafanaError, match="does not know this token"), opened(fake_grafana.url, "glsa_nobody"):
        pass


@there
@pytest.mark.parametrize("version", ["9.5.21", "8.0.0", "9.2.0-pre"])
def test_a_grafana_that_is_too_old_is_said_to_be(fake_grafana: FakeGrafana, version):  # noqa: F811
    fake_grafana.version = version
    with pytest.raises(GrafanaError, match="too old"), opened(fake_grafana.url, fake_grafana.token("Admin")):
        pass


@there
@pytest.mark.parametrize("version", ["10.0.0", "12.2.0", "13.3.1", ""])
def test_one_that_is_new_enough_or_hides_its_version_is_worked_with(fake_grafana: FakeGrafana, version):  # noqa: F811
    fake_grafana.version = version
    with opened(fake_grafana.url, fake_grafana.token("Admin")) as met:
        assert met.plan(()) == ()


@there
@pytest.mark.parametrize(
    "instead",
    [
        (200, "text/html", "<html>a router</html>"),
        (404, "text/plain", "404 page not found"),
        (200, "application/json", '{"status": "pass"}'),
        (200, "application/json", ""),
    ],
)
def test_what_is_no_grafana_is_said_to_be_none(fake_grafana: FakeGrafana, instead):  # noqa: F811
    fake_grafana.instead = instead
    with pytest.raises(GrafanaError, match="is not a Grafana"), opened(fake_grafana.url, "t"):
        pass


@there
def test_a_redirect_is_not_followed_since_what_is_written_would_be_lost_on_it(fake_grafana: FakeGrafana):  # noqa: F811
    fake_grafana.instead = (301, "text/html", "https://127.0.0.1:9/")
    with pytest.raises(GrafanaError, match="sends on to another address"), opened(fake_grafana.url, "t"):
        pass
    assert fake_grafana.log == ["GET /api/health"]


@there
def test_nobody_at_home_is_said_so():
    with pytest.raises(GrafanaError, match="no Grafana can be reached"), opened("http://127.0.0.1:9", "t"):
        pass


@there
@pytest.mark.parametrize("address", ["127.0.0.1:3000", "ftp://grafana", "http://", "http://grafana/?orgId=2"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(UsageError), opened(address, "t"):
        pass


@there
def test_a_password_in_the_address_is_refused_and_not_repeated():
    with pytest.raises(UsageError) as caught, opened("http://admin:geheim@127.0.0.1:9", "t"):
        pass
    assert "geheim" not in str(caught.value)


@there
def test_a_grafana_under_a_path_is_asked_there(fake_grafana: FakeGrafana):  # noqa: F811
    with pytest.raises(GrafanaError), opened(f"{fake_grafana.url}/grafana/", "t"):
        pass
    assert fake_grafana.log == ["GET /grafana/api/health"]


@there
def test_a_folder_that_could_not_be_seen_but_is_there_is_as_good(fake_grafana: FakeGrafana):  # noqa: F811
    fake_grafana.held[FOLDER]["somalink"] = {"uid": "somalink", "title": "Wearables"}
    rest = things(fake_grafana, source=False)
    hidden = [Step(thing, None) if thing.kind is Kind.FOLDER else step_of(thing, None) for thing in rest]
    with opened(fake_grafana.url, fake_grafana.token("Editor")) as met:
        met.carry_out(hidden)
    assert fake_grafana.held[FOLDER]["somalink"]["title"] == "Wearables" and fake_grafana.held[BOARD]


@there
def test_another_data_source_of_that_name_is_said(fake_grafana: FakeGrafana):  # noqa: F811
    fake_grafana.held[SOURCE]["other"] = {"uid": "other", "name": "somalink", "readOnly": False, "version": 1}
    with pytest.raises(GrafanaError) as caught:
        applied(fake_grafana)
    assert "another one of that name" in caught.value.what and "rename" in caught.value.next_step


@there
@pytest.mark.parametrize("status", [500, 503, 418])
def test_an_answer_nobody_expects_is_told_with_what_was_being_done(fake_grafana: FakeGrafana, status):  # noqa: F811
    with opened(fake_grafana.url, fake_grafana.token("Admin")) as met:
        fake_grafana.instead = (status, "application/json", json.dumps({"message": "something else"}))
        with pytest.raises(GrafanaError, match="reading the data source somalink-influx") as caught:
            met.plan(things(fake_grafana))
    assert caught.value.next_step


@there
def test_what_was_done_before_a_refusal_stays_and_the_same_command_goes_on(fake_grafana: FakeGrafana):  # noqa: F811
    fake_grafana.held[RULE]["somalink-rows-parked"] = {"uid": "somalink-rows-parked", "provenance": "api"}
    heard: list[str] = []
    with opened(fake_grafana.url, fake_grafana.token("Admin")) as met:
        steps = met.plan(things(fake_grafana))
        fake_grafana.held[RULE]["somalink-rows-parked"]["provenance"] = "file"
        with pytest.raises(GrafanaError, match="changing the alert rule somalink-rows-parked"):
            met.carry_out(steps, done=lambda step: heard.append(step.thing.uid))
    assert "somalink-influx" in heard and "somalink-rows-parked" not in heard
    fake_grafana.held[RULE].pop("somalink-rows-parked")
    assert applied(fake_grafana)["somalink-influx"] is State.SAME


@there
def test_the_client_stands_as_it_was_leant_on():
    """What of grafana-client and niquests our words rest on: how refusals are told, and that one may be kept from following a redirect."""
    import niquests
    from grafana_client.client import DEFAULT_TIMEOUT, GrafanaClientError, GrafanaException, GrafanaServerError, GrafanaTimeoutError, GrafanaUnauthorizedError

    assert issubclass(GrafanaUnauthorizedError, GrafanaClientError) and issubclass(GrafanaClientError, GrafanaException)
    assert issubclass(GrafanaServerError, GrafanaException) and GrafanaTimeoutError(0, None, "").status_code == 0
    assert GrafanaClientError(412, {"message": "m"}, "x").response == {"message": "m"}
    assert hasattr(niquests.Session(), "max_redirects") and PATIENCE_S > DEFAULT_TIMEOUT
