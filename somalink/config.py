"""What a person sets once: one frozen value from one TOML file, with the environment on top.

Knows where the file is, what each setting may be and how to say what is wrong with it. Opens no store and decides nothing.
Order: defaults, then the file, then `SOMALINK_<KEY>`, or `SOMALINK_<KEY>_FILE`, which names a file that holds the value (the
form secrets come in). A flag of the command line stands above all of them and is not seen here.
"""

import difflib
import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs

from somalink.domain.errors import ConfigError

PREFIX = "SOMALINK_"
FILE_VARIABLE = "SOMALINK_CONFIG"
"""Environment variable that names another file."""
LANGUAGES = ("en",)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one person on one machine, each already checked. `file` is where they are, or would be, written."""

    file: Path
    store: Path
    person: str
    tz: str
    hide_heart_rate: bool
    language: str
    desktop_notices: bool
    ntfy_url: str
    influx_url: str
    influx_token: str = field(repr=False)
    influx_org: str
    influx_bucket: str
    influx_bucket_raw: str
    keep_waveforms_days: int
    keep_raw_days: int

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)


# ---------------------------------------------------------------- what a value may be; ValueError says what was expected


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError("some text in quotes")
    return raw.strip()


def _person(raw: object) -> str:
    name = _text(raw)
    if not re.fullmatch(r"[\w.-]{1,64}", name):
        raise ValueError("a short id of letters, digits, dot, dash or underscore, such as me or p-017")
    return name


def _zone(raw: object) -> str:
    name = _text(raw)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("a time zone by its name, such as Europe/Rome or UTC") from error
    return name


def _switch(raw: object) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in words:
        return words[raw.strip().lower()]
    raise ValueError("true or false")


def _topic(raw: object) -> str:
    if isinstance(raw, str) and (not raw.strip() or re.fullmatch(r"https?://[^\s/]+/[\w-]{1,64}", raw.strip())):
        return raw.strip()
    raise ValueError('the address of an ntfy topic, such as https://ntfy.sh/a-long-word-nobody-guesses, or "" for none')


def _server(raw: object) -> str:
    if isinstance(raw, str) and (not raw.strip() or re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", raw.strip())):
        return raw.strip().rstrip("/")
    raise ValueError('the address of an InfluxDB server, such as http://127.0.0.1:8086, or "" for none')


def _secret(raw: object) -> str:
    if isinstance(raw, str) and re.fullmatch(r"\S*", raw.strip()):
        return raw.strip()
    raise ValueError("one word, as the server gave it")


def _name(raw: object) -> str:
    """Of a bucket or an organisation. A slash would read as a retention policy in InfluxQL, and a leading underscore is the server's own."""
    if isinstance(raw, str) and re.fullmatch(r"[^\s/\"'_][^/\"']{0,127}|", raw.strip()):
        return raw.strip()
    raise ValueError("a name without slashes and quotes, not beginning with an underscore")


def _days(raw: object) -> int:
    if isinstance(raw, int | str) and not isinstance(raw, bool) and re.fullmatch(r"\d{1,5}", str(raw).strip()):
        return int(raw)
    raise ValueError("a whole number of days, or 0 for ever")


def _one_of(choices: tuple[str, ...]) -> Callable[[object], str]:
    def parse(raw: object) -> str:
        if raw not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return str(raw)

    return parse


def _path(raw: object) -> Path:
    return Path(_text(raw)).expanduser()


# ---------------------------------------------------------------- the settings there are


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the file: its key, how its text becomes a value, and what it is for."""

    key: str
    parse: Callable[[object], object]
    meaning: str
    secret: bool = False
    """Shown to nobody, not even to whoever wrote it; best given by the `_FILE` form."""

    @property
    def variable(self) -> str:
        return PREFIX + self.key.upper()


SETTINGS = (
    Setting("store", _path, "The file that holds everything recorded; a path, ~ is your home folder"),
    Setting("person", _person, "Whose body this is, where a command is not told"),
    Setting("tz", _zone, "Time zone of the wearer; without it, that of this machine"),
    Setting("hide_heart_rate", _switch, "Leave the live heart rate off the page; some people are calmer without it"),
    Setting("language", _one_of(LANGUAGES), "Language of everything a wearer reads"),
    Setting("desktop_notices", _switch, "A notice on this computer when a question opens, for who agreed to notices: one sentence, no values"),
    Setting("ntfy_url", _topic, 'The same sentence by ntfy to a phone. It leaves the house; "" for none'),
    Setting("influx_url", _server, 'InfluxDB server that is to have a replica, for dashboards; "" for none'),
    Setting("influx_token", _secret, "Its token that writes; better SOMALINK_INFLUX_TOKEN_FILE, a file with it", secret=True),
    Setting("influx_org", _name, "Its organisation"),
    Setting("influx_bucket", _name, "Its bucket"),
    Setting("influx_bucket_raw", _name, 'Another bucket for single beats, which may keep them for a shorter time; "" for the same one'),
    Setting("keep_waveforms_days", _days, "How many days movement and ECG are kept as the device sent them, sample by sample; 0 for ever"),
    Setting("keep_raw_days", _days, "How many days everything else is kept as the device sent it; what was made of it stays. 0 for ever"),
)
ON_THE_PAGE = ("quiet_hours", "prompts")
"""Once settings of this file, now choices of each person."""
BY_KEY = {setting.key: setting for setting in SETTINGS}


def default_file(env: Mapping[str, str]) -> Path:
    """Where the settings are kept: `SOMALINK_CONFIG`, else this system's folder for them."""
    return Path(env[FILE_VARIABLE]).expanduser() if env.get(FILE_VARIABLE) else platformdirs.user_config_path("somalink") / "config.toml"


def machine_zone(env: Mapping[str, str], *, etc: Path = Path("/etc")) -> str:
    """Name of this machine's time zone: `TZ`, else /etc/localtime's target, else /etc/timezone, else UTC."""
    for name in _zone_candidates(env, etc):
        try:
            return _zone(name)
        except ValueError:
            continue
    return "UTC"


def _zone_candidates(env: Mapping[str, str], etc: Path) -> list[str]:
    _, found, linked = str((etc / "localtime").resolve()).partition("zoneinfo/")
    written = etc / "timezone"
    return [env.get("TZ", ""), linked if found else "", written.read_text().strip() if written.is_file() else ""]


def _defaults(env: Mapping[str, str]) -> dict[str, object]:
    return {
        "store": platformdirs.user_data_path("somalink") / "store.db",
        "person": "me",
        "tz": machine_zone(env),
        "hide_heart_rate": False,
        "language": "en",
        "desktop_notices": False,
        "ntfy_url": "",
        "influx_url": "",
        "influx_token": "",
        "influx_org": "somalink",
        "influx_bucket": "somalink",
        "influx_bucket_raw": "",
        "keep_waveforms_days": 14,
        "keep_raw_days": 90,
    }


# ---------------------------------------------------------------- reading


def load(path: Path | None = None, *, env: Mapping[str, str]) -> Config:
    """The settings of `path`, or of the usual place, under those of `env`. ConfigError names file, line, key and fix.

    The usual file need not exist; one that was asked for (by `path` or `SOMALINK_CONFIG`) must.
    """
    file = path or default_file(env)
    values = _defaults(env)
    if path is not None or env.get(FILE_VARIABLE) or file.exists():
        values |= _from_file(file)
    values |= _from_environment(env)
    return Config(file=file, **values)  # type: ignore[arg-type]  # SETTINGS parse each key to its field's type; a test holds the two together


def _from_file(file: Path) -> dict[str, object]:
    text = _read(file, what="the settings")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not readable as TOML: {error}", next_step='write one `key = value` a line, texts in quotes, as in person = "me"') from error
    return {key: _checked(_known(key, file, text), raw, where=_place(file, text, key)) for key, raw in table.items()}


def _from_environment(env: Mapping[str, str]) -> dict[str, object]:
    given = {setting: raw for setting in SETTINGS if (raw := _variable(setting, env)) is not None}
    return {setting.key: _checked(setting, raw, where=f"environment variable {setting.variable}") for setting, raw in given.items()}


def _variable(setting: Setting, env: Mapping[str, str]) -> str | None:
    """The text of `SOMALINK_<KEY>` or of the file `SOMALINK_<KEY>_FILE` names; None where neither is set."""
    by_file = setting.variable + "_FILE"
    if setting.variable in env and by_file in env:
        raise ConfigError(f"{setting.variable} and {by_file} are both set", next_step="keep one of them")
    if by_file in env:
        return _read(Path(env[by_file]), what=by_file).strip()
    return env.get(setting.variable)


def _read(file: Path, *, what: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: {what} cannot be read: {error.strerror}", next_step="check that the file is there and that you may read it") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: {what} is not UTF-8 text (byte {error.start})", next_step="save it as UTF-8") from error


def _known(key: str, file: Path, text: str) -> Setting:
    if key in BY_KEY:
        return BY_KEY[key]
    if key in ON_THE_PAGE:
        raise ConfigError(f"{_place(file, text, key)}: {key} is chosen by each person now", next_step="take the line out; choose it on the page, in Settings")
    near = difflib.get_close_matches(key, BY_KEY, n=1)
    hint = f"did you mean {near[0]}?" if near else "the settings are " + ", ".join(BY_KEY)
    raise ConfigError(f"{_place(file, text, key)}: there is no setting {key}", next_step=hint)


def _place(file: Path, text: str, key: str) -> str:
    lines = text.splitlines()
    at = next((n for n, line in enumerate(lines, 1) if re.match(rf'\s*\[?\s*["\']?{re.escape(key)}\b', line)), None)
    return f"{file}, line {at}" if at else str(file)


def _checked(setting: Setting, raw: object, *, where: str) -> object:
    try:
        return setting.parse(raw)
    except ValueError as error:
        shown = "what is given" if setting.secret else repr(raw)
        raise ConfigError(f"{where}: {setting.key} = {shown} cannot be used", next_step=f"{setting.key} is {error}") from error


# ---------------------------------------------------------------- writing


def change(file: Path, key: str, text: str) -> None:
    """Sets one key of the file and leaves every other line as it is; makes the file (0600) when there is none.

    ConfigError when the key or the text cannot be used, or when the file would not be readable with it: then nothing is written.
    """
    setting = _known(key, file, "")
    value = _checked(setting, text, where=f"{setting.key}")
    line = f"{key} = {str(value).lower() if isinstance(value, bool) else json.dumps(text.strip(), ensure_ascii=False)}"
    lines = _read(file, what="the settings").splitlines() if file.exists() else []
    at = [number for number, known in enumerate(lines) if re.match(rf"\s*{re.escape(key)}\s*=", known)]
    changed = [*lines[: at[0]], line, *lines[at[0] + 1 :]] if at else [*lines, line]
    _put(file, "\n".join(changed) + "\n")


def _put(file: Path, text: str) -> None:
    """In its place only when it is whole and can be read back."""
    draft = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
            handle.write(text)
        try:
            _from_file(draft)
        except ConfigError as error:
            raise ConfigError(error.what.replace(str(draft), str(file)), next_step=error.next_step) from error
        draft.replace(file)
    except OSError as error:
        raise ConfigError(f"{file}: the settings cannot be written: {error.strerror}", next_step="check who owns the file and its folder") from error
    finally:
        draft.unlink(missing_ok=True)
