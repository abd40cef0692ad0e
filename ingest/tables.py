"""Comma-separated files as columns of numbers, read strictly and quickly.

Knows bytes, gzip, encodings and rows; knows nothing of hearts. A field that is no number becomes NaN, so a bad row keeps its
place and its line; whoever knows what the column means says what becomes of it.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somalink.domain.errors import BadInput
from somalink.domain.types import FloatArray, IntArray

UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
AS_UTF8 = "save it as UTF-8 text and try again"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of one file by name, (n,) each, NaN where a field is missing or no number; `line` is each row's line in the file."""

    path: Path
    columns: Mapping[str, FloatArray]
    line: IntArray
    unknown: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.line)


def find(folder: Path, name: str) -> Path | None:
    """`NAME.csv` of a folder, else `NAME.csv.gz`, else None."""
    return next((path for path in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if path.is_file()), None)


def read_bytes(path: Path) -> bytes:
    """The uncompressed bytes of a file; BadInput when it cannot be read or its compression is broken off."""
    try:
        if path.suffix != ".gz":
            return path.read_bytes()
        with gzip.open(path) as handle:
            return handle.read()
    except EOFError:
        raise BadInput(f"{path} is cut off: its compressed data ends early", next_step="copy the file again from where it was made") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"{path} is not valid gzip: {error}", next_step="copy the file again, or unpack it and replay the .csv") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}", next_step="check the path and its permissions") from None


def to_text(raw: bytes, path: Path) -> str:
    """Text of a file with plain line ends: UTF-8, with or without its mark, or UTF-16 with one."""
    encoding = "utf-16" if raw.startswith(UTF16_BOMS) else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{path}, line {line}: not UTF-8 text (byte 0x{raw[error.start]:02x})", next_step=AS_UTF8) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadInput(f"{path}, line {line}: holds binary data, not text", next_step="give the recording's text form") from None
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def rows(path: Path, text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header (trimmed, lower case) and the (line, fields) of every row that is not blank."""
    reader = csv.reader(io.StringIO(text))
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        return header, [(reader.line_num, fields) for fields in reader if fields]
    except csv.Error as error:
        raise BadInput(f"{path}, line {reader.line_num}: {error}", next_step="check the quotes in this line") from None


def read_table(path: Path, raw: bytes, wanted: Sequence[str], *, codes: Mapping[str, int] | None = None) -> Table:
    """The `wanted` columns of a CSV file; BadInput when the header lacks one. `codes`: words that stand for numbers."""
    text = to_text(raw, path)
    first, _, body = text.partition("\n")
    header = [name.strip(' "').lower() for name in first.split(",")]
    missing = [name for name in wanted if name not in header]
    if missing:
        seen = "is empty" if not text.strip() else f"has no column {' or '.join(missing)}"
        raise BadInput(f"{path}, line 1: {seen}", next_step=f"the first line must name the columns, as in {','.join(wanted)}")
    for word, code in (codes or {}).items():
        body = body.replace(f",{word}", f",{code}")
    where = [header.index(name) for name in wanted]
    numbers, line = _at_once(body, len(header)) or _row_by_row(path, f"{first}\n{body}", len(header))
    unknown = tuple(name for name in header if name not in wanted)
    return Table(path, {name: np.ascontiguousarray(numbers[:, at]) for name, at in zip(wanted, where, strict=True)}, line, unknown)


def _at_once(body: str, width: int) -> tuple[FloatArray, IntArray] | None:
    """All rows by numpy's parser, or None when any row is not `width` plain numbers. Ten times as fast as row by row."""
    if not body.strip() or "\n\n" in body or '"' in body:
        return None
    try:
        numbers = np.loadtxt(io.StringIO(body), delimiter=",", comments=None, ndmin=2)
    except ValueError:
        return None
    if numbers.shape[1] != width:
        return None
    return numbers, np.arange(2, 2 + len(numbers), dtype=np.int64)


def _row_by_row(path: Path, text: str, width: int) -> tuple[FloatArray, IntArray]:
    _, found = rows(path, text)
    numbers = np.full((len(found), width), np.nan)
    for at, (_, fields) in enumerate(found):
        for column, field in enumerate(fields[:width]):
            numbers[at, column] = to_number(field)
    return numbers, np.array([line for line, _ in found], dtype=np.int64)


def to_number(field: str) -> float:
    """The number a field holds, NaN when it holds none."""
    try:
        return float(field)
    except ValueError:
        return float("nan")
