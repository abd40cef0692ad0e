"""Makes on an InfluxDB 2 what a replica needs: organisation, buckets, one token that only writes and one that only reads.

Looks first and makes only what is missing, so that it may run at every start. What is there is never changed: a shorter retention deletes data, and
that is for a person to decide. Knows the server's interface through `Server.ask`; prints nothing and reads no settings.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from somalink.domain.errors import ConfigError, StoreError, UsageError
from somalink.storage.files import make_folder, private_file
from somalink.storage.influx.server import ServerError, Trouble

LEAST_RETENTION_S = 3600
"""Of 2.7: below an hour it answers 500."""
PASSWORD_LENGTH = range(8, 73)
SECONDS = {"h": 3600, "d": 86_400, "w": 604_800}
WORD = r"\S{1,500}"
"""What a token or a password can be at all: a file with anything else in it is somebody's, and is left alone."""
THE_OPERATORS = "give the token of its operator: SOMALINK_INFLUX_TOKEN_FILE=FILE or --operator-token-file FILE (one that only writes cannot set up)"


class Api(Protocol):
    """What is asked of a server; ServerError when it does not do it."""

    def ask(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> object: ...

    def version(self) -> str: ...


class Purpose(StrEnum):
    """What a token is for, by the word the server has for it."""

    WRITES = "write"
    READS = "read"


class State(StrEnum):
    """What came of a step."""

    THERE = "there"
    MADE = "made"
    DUE = "would be made"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket there is to be. `keeps_s`: how long it keeps points; 0 is for ever."""

    name: str
    keeps_s: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What there is to be in the end. `buckets`: all that the shipper writes to, the main one first."""

    org: str
    buckets: Sequence[Bucket]


@dataclass(frozen=True, slots=True)
class First:
    """Who becomes the operator of a server that nobody has set up yet. `token`: the one that `Api` speaks with."""

    username: str
    password: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing there is to be, and what came of it; `remark`: what a person should know of it."""

    what: str
    name: str
    state: State
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """Every step in order, and the tokens that are good now (none where they would still have to be made)."""

    steps: Sequence[Step]
    tokens: Mapping[Purpose, str] = field(default_factory=dict, repr=False)

    @property
    def complete(self) -> bool:
        """Whether there was nothing to do."""
        return all(step.state == State.THERE for step in self.steps)


def set_up(api: Api, wish: Wish, *, first: Callable[[], First], held: Mapping[Purpose, str], dry: bool = False) -> Done:
    """Makes what is missing. `first` is asked only where the server was never set up; `held`: tokens of an earlier run, which stay while they are good.

    In a dry run nothing is sent that could change anything.
    """
    version = api.version()
    _check_version(version)
    fresh = bool(_object(api.ask("GET", "/api/v2/setup")).get("allowed"))
    if fresh and dry:
        return Done(_all_due(version, wish))
    begun = _begin(api, version, wish, first()) if fresh else Step("server", version, State.THERE)
    with _as_operator():
        org, organisation = _organisation(api, wish.org, dry=dry)
        buckets = [_bucket(api, org, bucket, dry=dry) for bucket in wish.buckets]
        ids = {bucket.name: id for bucket, (id, _) in zip(wish.buckets, buckets, strict=True)}
        tokens = {purpose: _token(api, org, purpose, ids, held.get(purpose, ""), dry=dry) for purpose in Purpose}
    steps = (begun, organisation, *(step for _, step in buckets), *(step for _, step in tokens.values()))
    return Done(steps, {purpose: token for purpose, (token, _) in tokens.items() if token})


# ---------------------------------------------------------------- one step each: what is there, by its id (empty: it would be made), and what came of it


def _check_version(version: str) -> None:
    """1.x has neither buckets nor these tokens, 3.x another interface for both; a server that does not say is asked on."""
    if version and not version.startswith("2."):
        raise UsageError(f"this server is InfluxDB {version}", next_step="InfluxDB 2.7 is what is needed; docs/influxdb.md says which were tried")


def _all_due(version: str, wish: Wish) -> Sequence[Step]:
    """What a server that nobody has set up would get."""
    names = ", ".join(bucket.name for bucket in wish.buckets)
    wanted = [("server", version), ("organisation", wish.org), *(("bucket", bucket.name) for bucket in wish.buckets)]
    return [Step(what, name, State.DUE) for what, name in [*wanted, *((_called(purpose), names) for purpose in Purpose)]]


def _begin(api: Api, version: str, wish: Wish, first: First) -> Step:
    """A server's own first step, which it takes once: it makes operator, organisation and bucket together."""
    if len(first.password.encode()) not in PASSWORD_LENGTH:
        raise UsageError("the operator's password cannot be used", next_step=f"{PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1} letters")
    main = wish.buckets[0]
    who = {"username": first.username, "password": first.password, "token": first.token}
    api.ask("POST", "/api/v2/setup", body={**who, "org": wish.org, "bucket": main.name, "retentionPeriodSeconds": main.keeps_s})
    return Step("server", version, State.MADE, f"with its operator {first.username}, organisation and first bucket")


def _organisation(api: Api, name: str, *, dry: bool) -> tuple[str, Step]:
    if found := _found(api, "/api/v2/orgs", {"org": name}, "orgs"):
        return str(found["id"]), Step("organisation", name, State.THERE)
    if dry:
        return "", Step("organisation", name, State.DUE)
    made = _object(api.ask("POST", "/api/v2/orgs", body={"name": name}))
    return str(made["id"]), Step("organisation", name, State.MADE)


def _bucket(api: Api, org: str, wanted: Bucket, *, dry: bool) -> tuple[str, Step]:
    if org and (found := _found(api, "/api/v2/buckets", {"name": wanted.name, "orgID": org}, "buckets")):
        return str(found["id"]), Step("bucket", wanted.name, State.THERE, _kept_otherwise(found, wanted))
    if dry:
        return "", Step("bucket", wanted.name, State.DUE, f"keeps {lasting(wanted.keeps_s)}")
    rules = [{"type": "expire", "everySeconds": wanted.keeps_s}] if wanted.keeps_s else []
    made = _object(api.ask("POST", "/api/v2/buckets", body={"orgID": org, "name": wanted.name, "retentionRules": rules}))
    return str(made["id"]), Step("bucket", wanted.name, State.MADE, f"keeps {lasting(wanted.keeps_s)}")


def _kept_otherwise(found: Mapping[str, Any], wanted: Bucket) -> str:
    keeps_s = next((int(rule.get("everySeconds", 0)) for rule in found.get("retentionRules", ())), 0)
    if keeps_s == wanted.keeps_s:
        return f"keeps {lasting(keeps_s)}"
    return f"keeps {lasting(keeps_s)}, not {lasting(wanted.keeps_s)}; left so, since a change can delete: `influx bucket update` changes it"


def _token(api: Api, org: str, purpose: Purpose, ids: Mapping[str, str], held: str, *, dry: bool) -> tuple[str, Step]:
    """One that may do this, in these buckets, and nothing else. A server shows its operator the tokens there are (2.7.12 does), so one whose file
    was lost is handed out again; where it shows none, the one that is held is believed."""
    what, name = _called(purpose), ", ".join(ids)
    complete = all(ids.values())
    known = [each for each in _authorizations(api, org) if _allowed(each) == {(purpose, id) for id in ids.values()}] if complete else []
    shown = [str(each["token"]) for each in known if each.get("token")]
    if held and held in shown:
        return held, Step(what, name, State.THERE)
    if held and known and not shown:
        return held, Step(what, name, State.THERE, "this server shows no tokens, so it could not be compared")
    if ours := [str(each["token"]) for each in known if each.get("token") and each.get("description") == _description(purpose, name)]:
        return ours[0], Step(what, name, State.THERE, "the one in the file was not of this server" if held else "")
    if dry:
        return "", Step(what, name, State.DUE)
    permissions = [{"action": purpose.value, "resource": {"type": "buckets", "id": id, "orgID": org}} for id in ids.values()]
    made = _object(api.ask("POST", "/api/v2/authorizations", body={"orgID": org, "description": _description(purpose, name), "permissions": permissions}))
    return str(made["token"]), Step(what, name, State.MADE, "the one in the file was not of this server" if held else "")


def _called(purpose: Purpose) -> str:
    return {Purpose.WRITES: "token that writes", Purpose.READS: "token that reads"}[purpose]


def _description(purpose: Purpose, names: str) -> str:
    return f"somalink: {_called(purpose)}: {names}"


def _authorizations(api: Api, org: str) -> Sequence[Mapping[str, Any]]:
    """Those that are in force."""
    told = _object(api.ask("GET", "/api/v2/authorizations", query={"orgID": org})).get("authorizations") or ()
    return [each for each in told if each.get("status") == "active"]


def _allowed(authorization: Mapping[str, Any]) -> set[tuple[str, str]]:
    """What it may do: (action, id of a bucket); of anything else an id that no bucket has."""
    allowed = [(each["action"], each["resource"]) for each in authorization.get("permissions", ())]
    return {(action, str(resource.get("id", "")) if resource["type"] == "buckets" else resource["type"]) for action, resource in allowed}


def _found(api: Api, path: str, query: Mapping[str, str], key: str) -> Mapping[str, Any] | None:
    """By its name; a name that is not there is a 404, or an empty list for who may not see it."""
    try:
        return next(iter(_object(api.ask("GET", path, query=query)).get(key) or ()), None)
    except ServerError as error:
        if error.trouble != Trouble.MISSING:
            raise
        return None


@contextmanager
def _as_operator() -> Iterator[None]:
    """Who may not do this needs another token, not another set-up."""
    try:
        yield
    except ServerError as error:
        if error.trouble != Trouble.FORBIDDEN:
            raise
        raise ServerError(error.what, next_step=THE_OPERATORS, trouble=error.trouble) from None


def _object(told: object) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


# ---------------------------------------------------------------- how long, and where tokens are kept


def retention(text: str) -> int:
    """Seconds: `30d`, `12h`, `8w`; `ever` is 0. UsageError for anything else, and below an hour, which no 2.7 takes.

    >>> retention("30d"), retention("ever")
    (2592000, 0)
    """
    found = re.fullmatch(r"(\d{1,5})\s*([hdw])", text.strip().lower())
    if text.strip().lower() in ("ever", "0"):
        return 0
    if found is None or (seconds := int(found[1]) * SECONDS[found[2]]) < LEAST_RETENTION_S:
        raise UsageError(f"{text!r} is no time to keep something for", next_step="write it as 30d, 12h or 8w (an hour at least), or ever")
    return seconds


def lasting(seconds: int) -> str:
    """
    >>> lasting(2592000), lasting(0)
    ('30 d', 'for ever')
    """
    if not seconds:
        return "for ever"
    size = next((size for size in (86_400, 3600) if seconds % size == 0), 1)
    return f"{seconds // size} {({86_400: 'd', 3600: 'h'}).get(size, 's')}"


def secret_in(file: Path | None) -> str:
    """The one word in a file; empty where there is no file. UsageError where there is something else in it."""
    try:
        text = file.read_text(encoding="utf-8").strip() if file is not None else ""
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: the file cannot be read", next_step="check who owns it, or name another") from error
    if text and not re.fullmatch(WORD, text):
        raise UsageError(f"{file}: there is more in it than one word", next_step="name another; this one was left as it is")
    return text


def keep_secret(file: Path, secret: str) -> bool:
    """Puts it there for its owner alone (0600), unless it is there already; whether it wrote."""
    if secret_in(file) == secret:
        return False
    try:
        make_folder(file.parent)
        with private_file(file) as handle:
            handle.write(secret.encode() + b"\n")
    except StoreError as error:
        raise StoreError(error.what, next_step="name another file") from error
    return True


def new_secret() -> str:
    """A token nobody can guess, in letters that every header and shell takes."""
    return secrets.token_urlsafe(48)
