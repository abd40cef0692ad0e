"""What `influx setup` makes on a real server, and what it leaves alone."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from influx import Influxd, fresh_influxd, rows

from somalink.domain.errors import ConfigError, UsageError
from somalink.storage.influx.server import Place, Server, ServerError, Trouble
from somalink.storage.influx.setup import Bucket, Done, First, Purpose, State, Wish, keep_secret, new_secret, retention, secret_in, set_up

WISH = Wish("clinic", (Bucket("derived"), Bucket("beats", retention("30d"))))
LINE = ["rating,person_id=ada,id=i,kind=distress value=7.0 1772355600000000000"]


def never() -> First:
    raise AssertionError("a server that was set up is not asked who its operator is")


def made(place: Place, wish: Wish = WISH, held: Mapping[Purpose, str] | None = None, *, dry: bool = False) -> Done:
    return set_up(Server(place), wish, first=never, held=held or {}, dry=dry)


def states(done: Done) -> list[State]:
    return [step.state for step in done.steps]


def at(place: Place, bucket: str, token: str) -> Place:
    return replace(place, org="clinic", bucket=bucket, token=token)


@pytest.fixture
def wish(place: Place) -> Wish:
    """Buckets and an organisation that no other test has."""
    return Wish(f"clinic {place.bucket}", WISH.buckets)


# ---------------------------------------------------------------- a server that nobody has set up


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Influxd, Done, Done]]:
    """A new server, what a dry run said of it, and what the first run made."""
    with fresh_influxd(tmp_path_factory.mktemp("begun")) as server:
        server.operator = new_secret()
        place = Place(server.url, "clinic", "derived", server.operator)
        dry = made(place, dry=True)
        first = set_up(Server(place), WISH, first=lambda: First("dora", "long enough", server.operator), held={})
        yield server, dry, first


@pytest.mark.influx
def test_a_dry_run_on_a_new_server_says_everything_and_makes_nothing(begun: tuple[Influxd, Done, Done]) -> None:
    _, dry, first = begun
    assert states(dry) == [State.DUE] * 6 and not dry.tokens
    assert [(step.what, step.name) for step in dry.steps] == [(step.what, step.name) for step in first.steps]


@pytest.mark.influx
def test_a_new_server_gets_operator_buckets_and_tokens_in_one_run(begun: tuple[Influxd, Done, Done]) -> None:
    server, _, first = begun
    assert states(first) == [State.MADE, State.THERE, State.THERE, State.MADE, State.MADE, State.MADE]
    kept = {found["name"]: found["retentionRules"] for found in server.ask("GET", "/api/v2/buckets", org="clinic")["buckets"]}
    assert [rule["everySeconds"] for rule in kept["derived"] + kept["beats"]] == [0, 30 * 86_400]
    assert [user["name"] for user in server.ask("GET", "/api/v2/users")["users"]] == ["dora"]


@pytest.mark.influx
def test_one_token_only_writes_and_the_other_only_reads(begun: tuple[Influxd, Done, Done]) -> None:
    server, _, first = begun
    place = Place(server.url, "clinic", "derived", "")
    for bucket in ("derived", "beats"):
        writes, reads = (at(place, bucket, first.tokens[purpose]) for purpose in (Purpose.WRITES, Purpose.READS))
        Server(writes).write(bucket, [LINE[0].replace("1772355600", "4102444800")])
        assert len(rows(reads, 'SELECT "value" FROM "rating"')) == 1
        with pytest.raises(ServerError, match="does not allow"):
            Server(reads).write(bucket, LINE)
        with pytest.raises(AssertionError, match="database not found"):
            rows(writes, 'SELECT "value" FROM "rating"')


@pytest.mark.influx
def test_a_second_run_finds_all_of_it_and_gives_the_same_tokens(begun: tuple[Influxd, Done, Done]) -> None:
    server, _, first = begun
    place = Place(server.url, "clinic", "derived", server.operator)
    before = len(server.ask("GET", "/api/v2/authorizations")["authorizations"])
    for held in (first.tokens, {}, {Purpose.WRITES: "of a server that is gone"}):
        again = made(place, held=held)
        assert states(again) == [State.THERE] * 6 and again.complete
        assert again.tokens == first.tokens
    assert len(server.ask("GET", "/api/v2/authorizations")["authorizations"]) == before


@pytest.mark.influx
def test_the_token_that_writes_may_not_set_up_and_is_told_whose_may(begun: tuple[Influxd, Done, Done]) -> None:
    server, _, first = begun
    place = Place(server.url, "clinic", "derived", first.tokens[Purpose.WRITES])
    for token in (first.tokens[Purpose.WRITES], "nobody"):
        with pytest.raises(ServerError) as raised:
            made(replace(place, token=token), Wish("another", WISH.buckets))
        assert raised.value.trouble == Trouble.FORBIDDEN
        assert "operator" in raised.value.next_step and token not in str(raised.value)


@pytest.mark.influx
def test_a_password_that_the_server_would_refuse_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with fresh_influxd(tmp_path) as server:
        place = Place(server.url, "clinic", "derived", new_secret())
        with pytest.raises(UsageError, match="password"):
            set_up(Server(place), WISH, first=lambda: First("dora", "short", place.token), held={})
        assert server.ask("GET", "/api/v2/setup")["allowed"]


# ---------------------------------------------------------------- a server that somebody uses


@pytest.mark.influx
def test_what_is_missing_is_made_and_a_dry_run_before_makes_none_of_it(influxd: Influxd, place: Place, wish: Wish) -> None:
    assert states(made(place, wish, dry=True)) == [State.THERE] + [State.DUE] * 5
    assert states(made(place, wish, dry=True)) == [State.THERE] + [State.DUE] * 5
    assert states(made(place, wish)) == [State.THERE] + [State.MADE] * 5
    assert states(made(place, wish, dry=True)) == [State.THERE] * 6


@pytest.mark.influx
def test_how_long_a_bucket_keeps_is_told_and_never_changed(influxd: Influxd, place: Place, wish: Wish) -> None:
    made(place, wish)
    shorter = made(place, replace(wish, buckets=(Bucket("derived", 86_400), Bucket("beats", 30 * 86_400))))
    assert "keeps for ever, not 1 d" in shorter.steps[2].remark
    assert shorter.steps[3].remark == "keeps 30 d"
    kept = influxd.ask("GET", "/api/v2/buckets", org=wish.org, name="derived")["buckets"][0]
    assert kept["retentionRules"][0]["everySeconds"] == 0


@pytest.mark.influx
def test_a_bucket_more_means_new_tokens_that_reach_it_and_the_old_ones_stay(place: Place, wish: Wish) -> None:
    one = made(place, replace(wish, buckets=wish.buckets[:1]))
    both = made(place, wish, held=one.tokens)
    assert states(both) == [State.THERE, State.THERE, State.THERE, State.MADE, State.MADE, State.MADE]
    assert not set(one.tokens.values()) & set(both.tokens.values())
    Server(replace(place, org=wish.org, token=both.tokens[Purpose.WRITES])).write("derived", LINE)
    Server(replace(place, org=wish.org, token=one.tokens[Purpose.WRITES])).write("derived", LINE)


@pytest.mark.influx
def test_the_operators_token_in_the_file_of_the_one_that_writes_is_not_taken_for_it(influxd: Influxd, place: Place, wish: Wish) -> None:
    done = made(place, wish, held={Purpose.WRITES: influxd.operator})
    assert done.tokens[Purpose.WRITES] != influxd.operator


@pytest.mark.influx
def test_a_token_that_was_switched_off_is_replaced(influxd: Influxd, place: Place, wish: Wish) -> None:
    done = made(place, wish)
    (id,) = [each["id"] for each in influxd.ask("GET", "/api/v2/authorizations")["authorizations"] if each["token"] == done.tokens[Purpose.READS]]
    influxd.ask("PATCH", f"/api/v2/authorizations/{id}", {"status": "inactive"})
    again = made(place, wish, held=done.tokens)
    assert again.tokens[Purpose.WRITES] == done.tokens[Purpose.WRITES]
    assert again.tokens[Purpose.READS] != done.tokens[Purpose.READS]


# ---------------------------------------------------------------- servers that are not here


class Told:
    """A server of another kind: it says a version, and `answers` to what is asked."""

    def __init__(self, version: str, answers: Mapping[str, object]) -> None:
        self._version, self._answers = version, answers

    def version(self) -> str:
        return self._version

    def ask(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> object:
        return self._answers[f"{method} {path}"]


@pytest.mark.parametrize("version", ["1.8.10", "3.4.0"])
def test_another_version_is_named_before_anything_is_asked(version: str) -> None:
    with pytest.raises(UsageError, match=f"InfluxDB {version}") as raised:
        set_up(Told(version, {}), WISH, first=never, held={})
    assert "2.7" in raised.value.next_step


def test_where_a_server_shows_no_tokens_the_one_that_is_held_is_believed_and_said_so() -> None:
    permissions = [{"action": "write", "resource": {"type": "buckets", "id": "b"}}], [{"action": "read", "resource": {"type": "buckets", "id": "b"}}]
    hidden = Told("2.8.0", {
        "GET /api/v2/setup": {"allowed": False},
        "GET /api/v2/orgs": {"orgs": [{"id": "o"}]},
        "GET /api/v2/buckets": {"buckets": [{"id": "b"}]},
        "GET /api/v2/authorizations": {"authorizations": [{"status": "active", "permissions": each} for each in permissions]},
        "POST /api/v2/authorizations": {"token": "new"},
    })  # fmt: skip
    done = set_up(hidden, Wish("clinic", (Bucket("derived"),)), first=never, held={Purpose.WRITES: "kept"})
    assert done.tokens == {Purpose.WRITES: "kept", Purpose.READS: "new"}
    assert "could not be compared" in done.steps[-2].remark


# ---------------------------------------------------------------- words and files


@pytest.mark.parametrize("text", ["", "30", "1m", "0d", "30 days", "-1d", "forever and a day"])
def test_a_time_that_no_server_keeps_for_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no time to keep"):
        retention(text)


def test_a_token_is_kept_for_its_owner_alone_and_written_once(tmp_path: Path) -> None:
    file = tmp_path / "new" / "token"
    assert keep_secret(file, "t0ken") and not keep_secret(file, "t0ken")
    assert file.stat().st_mode & 0o777 == 0o600
    assert secret_in(file) == "t0ken" and secret_in(tmp_path / "none") == ""


def test_somebodys_letter_is_not_overwritten_with_a_token(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ada,\n")
    with pytest.raises(UsageError, match="more in it than one word"):
        keep_secret(letter, "t0ken")
    assert letter.read_text() == "Dear Ada,\n"


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        secret_in(tmp_path)
