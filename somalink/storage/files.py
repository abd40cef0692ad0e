"""Text fields and files for their owner alone. Knows CSV's rules and file modes; knows nothing of what is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from somalink.domain.errors import StoreError

PRIVATE = 0o600
"""Health data: no other user of the machine may read it."""


def text_of(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "1" if value else "0"
    return quoted(";".join(value)) if isinstance(value, tuple) else repr(value)


def quoted(text: str) -> str:
    """RFC 4180: fields with a comma, a quote or a line break stand in quotes."""
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text


def safe_name(name: str) -> str:
    """A name as part of a path."""
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in name)


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: the folder cannot be made ({error.strerror})", next_step="name another with --out") from error


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file for its owner alone, in its place only when it is whole."""
    draft = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, PRIVATE), "wb") as file:
            yield file
        draft.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: the file cannot be written ({error.strerror})", next_step="free some space, or name another folder with --out") from error
    finally:
        draft.unlink(missing_ok=True)
