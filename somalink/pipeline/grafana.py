"""Brings data source, folder, boards and rules to a Grafana that already runs, as far as it does not have them as they are here.

Knows Grafana's interface, through grafana-client, which is met here alone, and what its refusals mean for whoever asked. Knows nothing of what
is on a board or in a rule: `dashboards.grafana` says that. All is read and compared before anything is written, so that what is the same is
left alone and its version does not count up.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from dashboards.grafana.build import as_json, boards
from dashboards.grafana.provisioning import DATASOURCE_UID, FOLDER, FOLDER_UID, RULES, datasource, rule_for_api
from somalink.domain.errors import SomalinkError, UsageError

PATIENCE_S = 20.0
"""A board is saved within a second; a Grafana that starts its own database anew takes several."""
OLDEST = (10, 0)
"""Panels of the boards (a table's sparklines and gauges, a state timeline's mappings) are not there before it. They were looked at in 12.2."""
MARK = "somalinkTokenMark"
"""Where the data source keeps four letters of a hash of its token. Grafana never gives a token back, so this is how a new one is noticed."""
MAKE_TOKEN = (
    "in Grafana, under Administration, Users and access, Service accounts: make one with the role Admin and a token for it, and put that into "
    "SOMALINK_GRAFANA_TOKEN, or into a file that SOMALINK_GRAFANA_TOKEN_FILE names"
)
HOW_TO_GET = (
    "in an environment of its own, since its HTTP library writes itself over the one that shipping uses: "
    "python3 -m venv grafana-env && grafana-env/bin/pip install 'somalink[grafana]', then grafana-env/bin/somalink grafana apply"
)


class GrafanaError(SomalinkError):
    """A Grafana that cannot be reached, is none, is too old, or does not let this token do it."""


class Kind(StrEnum):
    """What there is in a Grafana that is ours; in the order one needs the other."""

    SOURCE = "data source"
    FOLDER = "folder"
    BOARD = "dashboard"
    RULE = "alert rule"


class State(StrEnum):
    """How a Grafana's own compares with ours."""

    MISSING = "missing"
    DIFFERENT = "different"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Influx:
    """Where Grafana finds the replica: the address as Grafana itself reaches it, the bucket, and a token that only reads.

    The organisation is not among them: InfluxQL takes it from the token.
    """

    url: str
    bucket: str
    token: str = field(default="", repr=False)
    """Empty: the one that Grafana has is left as it is."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing as it is to be in a Grafana."""

    kind: Kind
    uid: str
    title: str
    wanted: Mapping[str, Any]
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing, and what of it is there already. `before`: that, as far as it is compared; None where nothing is."""

    thing: Thing
    before: Mapping[str, Any] | None
    found: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """All that Grafana told of it, for what is changed and not ours to lose."""

    @property
    def state(self) -> State:
        if self.before is None:
            return State.MISSING
        return State.SAME if self.before == self.thing.wanted else State.DIFFERENT

    def difference(self) -> list[str]:
        """Lines of a unified diff, from what is there to what will be; none for what is not there at all."""
        if self.before is None:
            return []
        name = f"{self.thing.kind} {self.thing.uid}"
        return list(difflib.unified_diff(_lines(self.before), _lines(self.thing.wanted), f"{name}, there", f"{name}, here", lineterm=""))


def _lines(value: Mapping[str, Any]) -> list[str]:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether Grafana can read the replica through its data source, and what it said of it."""

    works: bool
    words: str


# ---------------------------------------------------------------- what is wanted


def wanted(influx: Influx | None, *, tz: str, rules: bool) -> tuple[Thing, ...]:
    """All of ours, each after what it needs. `influx` None: the data source is somebody else's business. `tz`: whose midnight ends a day."""
    source = () if influx is None else (_source(influx),)
    folder = Thing(Kind.FOLDER, FOLDER_UID, FOLDER, {"uid": FOLDER_UID})
    made = [as_json(board, tz) for board in boards().values()]
    shown = [Thing(Kind.BOARD, each["uid"], each["title"], {"dashboard": each, "folderUid": FOLDER_UID}) for each in made]
    held = [Thing(Kind.RULE, rule.uid, rule.title, _without(rule_for_api(rule), "orgID")) for rule in RULES] if rules else []
    return (*source, folder, *shown, *held)


def _source(influx: Influx) -> Thing:
    made = datasource(influx.url, influx.bucket, influx.token)
    secret = made.pop("secureJsonData") if influx.token else {}
    if influx.token:
        made["jsonData"] = {**made["jsonData"], MARK: _mark(influx.token)}
    return Thing(Kind.SOURCE, DATASOURCE_UID, made["name"], _without(made, "secureJsonData"), secret)


def _mark(token: str) -> str:
    """Enough to see that it is another one, once in 65 536 not; far too little to find it by."""
    return hashlib.sha256(token.encode()).hexdigest()[:4]


def _without(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name not in names}


# ---------------------------------------------------------------- what is there, as far as it is ours to say


def step_of(thing: Thing, found: Mapping[str, Any] | None) -> Step:
    """Compares one thing with what Grafana told of it; GrafanaError where it would have to change and belongs to Grafana's own files."""
    if found is None:
        return Step(thing, None)
    if _FROM_FILES[thing.kind](found):
        thing = replace(thing, wanted=_IN_FILES[thing.kind](thing.wanted))
    step = Step(thing, _VIEWS[thing.kind](found, thing.wanted), found)
    if step.state is State.DIFFERENT and _FROM_FILES[thing.kind](found):
        raise GrafanaError(
            f"this Grafana has the {thing.kind} {thing.uid} from its own files, and it is not as it is here",
            next_step="bring these files up to date (grafana/provisioning, dashboards/grafana/json) or take them away, and start Grafana again",
        )
    return step


def like(found: Any, pattern: Any) -> Any:
    """As much of `found` as `pattern` speaks of: what others added beside it is theirs.

    >>> like({"a": 1, "b": {"c": 2, "d": 3}, "e": 4}, {"a": 9, "b": {"c": 9}})
    {'a': 1, 'b': {'c': 2}}
    """
    if isinstance(found, Mapping) and isinstance(pattern, Mapping):
        return {name: like(found[name], each) for name, each in pattern.items() if name in found}
    if isinstance(found, list) and isinstance(pattern, list) and len(found) == len(pattern):
        return [like(one, other) for one, other in zip(found, pattern, strict=True)]
    return found


def _board_there(found: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, Any]:
    """All of it: whatever was added to a board by hand is a difference. Grafana counts `id` and `version` itself."""
    return {"dashboard": _without(found["dashboard"], "id", "version"), "folderUid": found["meta"].get("folderUid", "")}


def _as_pattern(found: Mapping[str, Any], pattern: Mapping[str, Any]) -> dict[str, Any]:
    return dict(like(found, pattern))


_VIEWS: Mapping[Kind, Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]] = {
    Kind.SOURCE: _as_pattern,
    Kind.FOLDER: _as_pattern,
    Kind.BOARD: _board_there,
    Kind.RULE: _as_pattern,
}
_FROM_FILES: Mapping[Kind, Callable[[Mapping[str, Any]], bool]] = {
    Kind.SOURCE: lambda found: bool(found.get("readOnly")),
    Kind.FOLDER: lambda _: False,
    Kind.BOARD: lambda found: bool(found["meta"].get("provisioned")),
    Kind.RULE: lambda found: found.get("provenance") == "file",
}
_IN_FILES: Mapping[Kind, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    Kind.SOURCE: lambda wanted: {**wanted, "jsonData": _without(wanted["jsonData"], MARK)},
    Kind.FOLDER: lambda wanted: wanted,
    Kind.BOARD: lambda wanted: wanted,
    Kind.RULE: lambda wanted: _without(wanted, "folderUID"),
}
"""As much as files can say of it: a token there comes from another file, unmarked, and rules name their folder by its title."""


def merged(found: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """`ours` over `found`: what is written back where others may have added to it.

    >>> merged({"name": "x", "jsonData": {"maxSeries": 9, "dbName": "old"}}, {"jsonData": {"dbName": "new"}})
    {'name': 'x', 'jsonData': {'maxSeries': 9, 'dbName': 'new'}}
    """
    deeper = {name: merged(found[name], each) for name, each in ours.items() if isinstance(each, Mapping) and isinstance(found.get(name), Mapping)}
    return {**found, **ours, **deeper}


# ---------------------------------------------------------------- Grafana itself


class Grafana:
    """A Grafana that was found to be one, new enough, and to know the token it is asked with."""

    def __init__(self, api: Any, url: str) -> None:
        self._api = api
        self._url = url

    def plan(self, things: Sequence[Thing]) -> tuple[Step, ...]:
        """What is there of each; writes nothing."""
        return tuple(step_of(thing, self._read(thing)) for thing in things)

    def carry_out(self, steps: Sequence[Step], done: Callable[[Step], None] = lambda _: None) -> None:
        """Makes what is missing and changes what differs, in order; `done` hears of each step behind us, those with nothing to do too."""
        for step in steps:
            if step.state is not State.SAME:
                with self._asking(f"{'making' if step.before is None else 'changing'} the {step.thing.kind} {step.thing.uid}", step.thing.kind):
                    _WRITES[step.thing.kind](self._api, step)
            done(step)

    def reads(self) -> Reading:
        """Has Grafana ask the replica through the data source."""
        from grafana_client.client import GrafanaBadInputError  # type: ignore[import-not-found]

        try:
            with self._asking("trying the data source", Kind.SOURCE):
                said = self._api.datasource.health(DATASOURCE_UID)
        except GrafanaError as error:
            cause = error.__cause__
            if not isinstance(cause, GrafanaBadInputError):
                raise
            return Reading(works=False, words=_message(cause))
        return Reading(works=said.get("status") == "OK", words=str(said.get("message", "")))

    def _read(self, thing: Thing) -> Mapping[str, Any] | None:
        """None where it is not there, or where this token may not see whether it is: then making it will tell."""
        from grafana_client.client import GrafanaClientError

        try:
            with self._asking(f"reading the {thing.kind} {thing.uid}", thing.kind):
                found: Mapping[str, Any] = _READS[thing.kind](self._api)(thing.uid)
                return found
        except GrafanaError as error:
            cause = error.__cause__
            if isinstance(cause, GrafanaClientError) and cause.status_code in _UNSEEN[thing.kind]:
                return None
            raise

    @contextmanager
    def _asking(self, doing: str, kind: Kind | None = None) -> Iterator[None]:
        with _translated(self._url, doing, kind):
            yield


@contextmanager
def opened(url: str, token: str) -> Iterator[Grafana]:
    """The Grafana at `url`, asked with a service account's token; GrafanaError where there is none that can be worked with."""
    if find_spec("grafana_client") is None:
        raise SomalinkError("speaking to Grafana needs grafana-client, which is not installed here", next_step=HOW_TO_GET)
    api = _client(url, token)
    try:
        with _translated(url, "asking for its version"):
            _check_is_grafana(api.client.GET("/health"), url)
        with _translated(url, "asking who the token is"):
            # Where looking is allowed without signing in, a wrong token passes for no token everywhere but here.
            api.user.get_actual_user()
        yield Grafana(api, url)
    finally:
        api.client.s.close()


def _client(url: str, token: str) -> Any:
    from grafana_client import GrafanaApi  # type: ignore[import-not-found]
    from grafana_client.client import TokenAuth

    parts = _address(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    path = parts.path.strip("/")
    api = GrafanaApi(
        TokenAuth(token),
        protocol=parts.scheme,
        host=host,
        port=parts.port,
        url_path_prefix=f"{path}/" if path else "",
        timeout=PATIENCE_S,
    )
    # A redirect turns what was to be written into something read, and nothing is written: the right address has to be given.
    api.client.s.max_redirects = 0
    return api


def _address(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{url!r} is no address of a Grafana", next_step="give that of its start page, such as http://127.0.0.1:3000")
    if parts.username or parts.password:
        raise UsageError("the address has a name or a password in it", next_step=f"leave them out; {MAKE_TOKEN}")
    return parts


def _check_is_grafana(health: Any, url: str) -> None:
    if not isinstance(health, Mapping) or "database" not in health:
        raise _not_grafana(url)
    told = str(health.get("version", ""))
    number = _number(told)
    if number and number < OLDEST:
        raise GrafanaError(
            f"the Grafana at {url} is {told}, too old for these boards",
            next_step=f"they need {OLDEST[0]} or newer and were looked at in 12.2; bring it up to date",
        )


def _number(version: str) -> tuple[int, ...]:
    """Empty where none can be read: some hide it.

    >>> _number("12.2.0-pre"), _number("")
    ((12, 2), ())
    """
    parts = version.split(".")[:2]
    return tuple(map(int, parts)) if len(parts) == 2 and all(part.isdigit() for part in parts) else ()


def _not_grafana(url: str) -> GrafanaError:
    return GrafanaError(
        f"what answers at {url} is not a Grafana",
        next_step="give the address of its start page, with its path where it has one, such as https://example.org/grafana",
    )


# ---------------------------------------------------------------- reading and writing, by kind


def _put_source(api: Any, step: Step) -> None:
    wanted, secret = step.thing.wanted, dict(step.thing.secret)
    if step.before is not None:
        changed = merged(_without(step.found, "accessControl", "secureJsonFields", "version"), wanted)
        api.datasource.update_datasource_by_uid(step.thing.uid, {**changed, **({"secureJsonData": secret} if secret else {})})
        return
    if not secret:
        raise GrafanaError(
            "the data source is not there yet, and needs a token that reads the bucket",
            next_step="`somalink influx setup` makes one; put it into SOMALINK_INFLUX_READ_TOKEN, or into a file that SOMALINK_INFLUX_READ_TOKEN_FILE names",
        )
    api.datasource.create_datasource({**wanted, "secureJsonData": secret})


def _put_folder(api: Any, step: Step) -> None:
    """One that was there all along and could not be seen is as good."""
    from grafana_client.client import GrafanaClientError

    try:
        api.folder.create_folder(step.thing.title, uid=step.thing.uid)
    except GrafanaClientError as error:
        if error.status_code != ALREADY_THERE:
            raise


ALREADY_THERE = 412
"""What a second folder of the same uid is answered, in the words of one that somebody else changed."""


def _put_board(api: Any, step: Step) -> None:
    api.dashboard.update_dashboard({**step.thing.wanted, "overwrite": True, "message": "somalink grafana apply"})


def _put_rule(api: Any, step: Step) -> None:
    if step.before is None:
        api.alertingprovisioning.create_alertrule(dict(step.thing.wanted))
        return
    api.alertingprovisioning.update_alertrule(step.thing.uid, merged(step.found, step.thing.wanted))


_READS: Mapping[Kind, Callable[[Any], Callable[[str], Any]]] = {
    Kind.SOURCE: lambda api: api.datasource.get_datasource_by_uid,
    Kind.FOLDER: lambda api: api.folder.get_folder,
    Kind.BOARD: lambda api: api.dashboard.get_dashboard,
    Kind.RULE: lambda api: api.alertingprovisioning.get_alertrule,
}
_WRITES: Mapping[Kind, Callable[[Any, Step], None]] = {
    Kind.SOURCE: _put_source,
    Kind.FOLDER: _put_folder,
    Kind.BOARD: _put_board,
    Kind.RULE: _put_rule,
}
_UNSEEN: Mapping[Kind, tuple[int, ...]] = {Kind.SOURCE: (404,), Kind.FOLDER: (404, 403), Kind.BOARD: (404, 403), Kind.RULE: (404, 403)}
"""Answers that mean it is not there. To who is no Admin a missing folder, and all that is in it, reads as forbidden; a data source does always."""


# ---------------------------------------------------------------- what a refusal means


@contextmanager
def _translated(url: str, doing: str, kind: Kind | None = None) -> Iterator[None]:
    """Grafana's answers, and the lack of one, in words that somebody can act on."""
    from grafana_client.client import GrafanaException
    from niquests.exceptions import JSONDecodeError, RequestException, SSLError, Timeout, TooManyRedirects  # type: ignore[import-not-found]

    try:
        yield
    except JSONDecodeError as error:
        raise _not_grafana(url) from error
    except TooManyRedirects as error:
        raise GrafanaError(f"{url} sends on to another address", next_step="give that one; your browser shows it when it has come to the start page") from error
    except SSLError as error:
        raise GrafanaError(
            f"the certificate of {url} is not one that this computer trusts",
            next_step="add who signed it to this computer's certificates, or look whether the address is right",
        ) from error
    except Timeout as error:
        raise _silent(url) from error
    except RequestException as error:
        raise GrafanaError(f"no Grafana can be reached at {url}", next_step="look whether the address is right and Grafana runs there") from error
    except GrafanaException as error:
        raise _refusal(error, url, doing, kind) from error


def _silent(url: str) -> GrafanaError:
    return GrafanaError(f"{url} gives no answer within {PATIENCE_S:.0f} s", next_step="look whether Grafana runs there and what its log says; then again")


def _refusal(error: Any, url: str, doing: str, kind: Kind | None) -> GrafanaError:
    if error.status_code == 0:  # a time limit, by grafana-client's own count
        return _silent(url)
    if error.status_code == 404 and kind is None:
        return _not_grafana(url)
    what, next_step = _REFUSALS.get(error.status_code, (f"Grafana answers {error.status_code}: {_message(error)}", "look into Grafana's log; then again"))
    return GrafanaError(f"{doing}: {what}", next_step=_MAY_NOT.get(kind, next_step) if error.status_code == 403 else next_step)


def _message(error: Any) -> str:
    """What Grafana itself says, cut to a line."""
    said = error.response.get("message", "") if isinstance(error.response, Mapping) else error.response
    return " ".join(str(said or error.message).split())[:200]


_REFUSALS: Mapping[int, tuple[str, str]] = {
    401: ("Grafana does not know this token, or it has run out", MAKE_TOKEN),
    403: ("Grafana does not let this token do that", "give its service account the role Admin"),
    409: ("Grafana has another one of that name", "rename the other one or take it away; then again"),
    412: ("somebody else changed it at the same time", "the same command again"),
    503: ("Grafana is not ready, or its own database fails", "wait a minute; then again"),
}
_MAY_NOT: Mapping[Kind | None, str] = {
    Kind.SOURCE: "only the role Admin may make or see data sources: give it to the service account, or make the data source by hand "
    f"(docs/grafana.md; its uid must be {DATASOURCE_UID}) and add --no-datasource",
    Kind.FOLDER: "give its service account the role Admin, or Editor with --no-datasource",
    Kind.BOARD: "give its service account the role Admin, or Editor with --no-datasource",
    Kind.RULE: "give its service account the role Admin, or Editor with --no-datasource; --no-alerts leaves the rules out",
}
"""What would help who may not, by what it was."""
