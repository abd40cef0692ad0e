"""The algorithm's constants as a file: `Constants` written and read as TOML. Names are those of the block; what a file leaves out is as published."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from somalink.domain.constants import Constants
from somalink.domain.errors import BadInput

HELP = "`somalink analyse --print-constants` writes every name with its present value"
KINDS: Mapping[type, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}

T = TypeVar("T")


def read_constants(path: Path) -> Constants:
    """The block with what the file says. BadInput names the file and the key: one that is unknown, or of another type."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"--constants {path}: cannot be read ({error.strerror})", next_step="name a TOML file; " + HELP) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not TOML ({error})", next_step="mend this place; " + HELP) from error
    try:
        return _block(Constants, said, "")
    except ValueError as error:
        raise BadInput(f"{path}: {error}", next_step=HELP) from error


def constants_text(constants: Constants) -> str:
    """A block as TOML that `read_constants` reads back to an equal one."""
    return "".join(_lines(constants))


def _lines(constants: Constants) -> Iterator[str]:
    tables = [f.name for f in fields(constants) if is_dataclass(getattr(constants, f.name))]
    for f in fields(constants):
        if f.name not in tables:
            yield f"{f.name} = {_written(getattr(constants, f.name))}\n"
    for name in tables:
        block = getattr(constants, name)
        yield f"\n[{name}]\n"
        yield from (f"{f.name} = {_written(getattr(block, f.name))}\n" for f in fields(block))


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def _block(kind: type[T], said: Mapping[str, Any], at: str) -> T:
    """A frozen block from a table of the file; what is not said keeps its default."""
    hints = get_type_hints(kind)
    if unknown := [name for name in said if name not in hints]:
        raise ValueError(f"there is no constant {at}{unknown[0]}")
    return kind(**{name: _value(hints[name], value, f"{at}{name}") for name, value in said.items()})


def _value(kind: Any, value: Any, at: str) -> Any:
    if is_dataclass(kind):
        if not isinstance(value, dict):
            raise ValueError(f"{at} is a table of constants, not {value!r}")
        return _block(kind, value, f"{at}.")  # type: ignore[arg-type]
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        if not isinstance(value, list) or len(value) != len(parts):
            raise ValueError(f"{at} is {value!r}, not {len(parts)} values in brackets")
        return tuple(_value(part, each, at) for part, each in zip(parts, value, strict=True))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{at} is {value!r}, not {KINDS.get(kind, kind)}")
    return value
