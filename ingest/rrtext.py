"""Text files of intervals, as heart-rate apps export them: which of the many forms a file has is worked out and said.

Knows separators, decimal signs, units, headers and comments; knows nothing of folders or stores. One column is the interval; of two,
the one that rises is a time or an index. Without a date the recording starts at 2000-01-01 and says that its start is unknown.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ingest import tables
from ingest.dating import KEPT, refuse, to_ticks
from ingest.recording import HUMAN_MS, Findings, Recording, assemble, other_unit, read_beats
from somalink.domain.errors import BadInput
from somalink.domain.identity import Unit, digest
from somalink.domain.types import FloatArray

UNKNOWN_START_NS = 946_684_800 * 1_000_000_000
"""2000-01-01T00:00Z (contracts, section 8)."""
COMMENTS = ("#", "//", "%")
SECONDS_BELOW = 5.0
"""A median interval below this is in seconds: no heart rests 5 s between beats, none beats every 5 ms."""
RISING = 0.95
"""Share of steps that must not go back for a column to be a time or an index: real logs have a few bad rows."""
MOST_HEADER_LINES = 40
SAMPLE_LINES = 2000
NEXT_STEP = "give a text file with one interval a line, in ms or s, or with a time or an index before it"


@dataclass(frozen=True, slots=True)
class Form:
    """How the fields of a line are set apart and what stands before the decimals."""

    separator: str | None
    decimal_comma: bool
    name: str

    def split(self, line: str) -> list[float]:
        """The numbers of a line, NaN for a field that is none; empty fields at the end do not count."""
        fields = line.split(self.separator)
        while fields and not fields[-1].strip():
            fields.pop()
        return [tables.to_number(field.replace(",", ".") if self.decimal_comma else field) for field in fields]


BY_SPACE_WITH_COMMA = Form(None, True, "spaces or tabs")
BY_COMMA = Form(",", False, "commas")
FORMS = (
    Form(None, False, "spaces or tabs"),
    Form(";", False, "semicolons"),
    BY_COMMA,
    BY_SPACE_WITH_COMMA,
    Form(";", True, "semicolons"),
)
"""In order of preference where several read a file equally well."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What a text file turned out to be; printed, so that a wrong guess is seen."""

    rows: int
    header_lines: int
    comment_lines: int
    separator: str
    decimal_comma: bool
    unit: str
    first: str
    """What stands beside the interval: `time in s`, `time in ms`, `index` or nothing."""
    start_unknown: bool

    def __str__(self) -> str:
        columns = f"{self.first} and interval, set apart by {self.separator}" if self.first else "one interval a line"
        marks = ", decimal comma" if self.decimal_comma else ""
        skipped = f", {self.header_lines} header and {self.comment_lines} comment lines" if self.header_lines or self.comment_lines else ""
        start = "; no date, so the start is set to 2000-01-01 and marked unknown" if self.start_unknown else ""
        return f"{self.rows} rows: {columns}{marks}, intervals in {self.unit}{skipped}{start}"


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The one or two columns of a file, (n,) each, and where its rows stand."""

    times: FloatArray | None
    intervals: FloatArray
    line: Sequence[int]


def read_text(path: Path, *, person: str | None = None, start_ns: int | None = None, tz: str | None = None) -> tuple[Recording, Detected]:
    """The recording in a text file, and what the file was taken for. BadInput names the line that is no interval."""
    raw = tables.read_bytes(path)
    lines, comments = _lines(tables.to_text(raw, path))
    if not lines:
        raise BadInput(f"{path} holds no intervals: it is empty", next_step=NEXT_STEP)
    form = _form(lines)
    header, columns = _columns(path, form, lines)
    rr_ms, unit = _in_ms(path, columns)
    t_s, first, resolution_s = _in_seconds(columns.times, rr_ms)
    hashed = hashlib.sha256(raw).hexdigest()
    # Undated files of one person all begin at the same moment: a device of its own keeps each apart from the others.
    who, device, start = person or "unknown", f"rr-text-{hashed[:8]}", UNKNOWN_START_NS if start_ns is None else start_ns
    found = Findings()
    table = tables.Table(path, {"t_s": t_s, "rr_ms": rr_ms}, np.array(columns.line, np.int64), ())
    beats = read_beats(table, start, resolution_s=resolution_s, found=found)
    if beats.samples is None or not len(beats.samples.t_ns):
        raise BadInput(f"{path}, line {columns.line[0]}: every row was refused ({'; '.join(found.notices)})", next_step=NEXT_STEP)
    detected = Detected(len(rr_ms), header, comments, form.name, form.decimal_comma, unit, first, start_ns is None)
    whole = assemble(Unit(who, device, digest(who, device, start, hashed)), start, tz or "UTC", beats, {})
    return replace(whole, notices=tuple(found.notices), start_unknown=start_ns is None), detected


def _lines(text: str) -> tuple[list[tuple[int, str]], int]:
    """Numbered lines that are neither blank nor comments, and how many comments there were."""
    # Quotes hold numbers together for spreadsheets; here they only hide that the first row is one.
    numbered = [(at, line.strip()) for at, line in enumerate(text.replace('"', "").split("\n"), start=1) if line.strip()]
    kept = [(at, line) for at, line in numbered if not line.startswith(COMMENTS)]
    return kept, len(numbered) - len(kept)


def _readable(numbers: Sequence[float]) -> bool:
    return 1 <= len(numbers) <= 2 and bool(np.all(np.isfinite(numbers)))


def _form(lines: Sequence[tuple[int, str]]) -> Form:
    """The form that reads most lines; `0,812` alone is a decimal comma unless what stands before the comma rises throughout."""
    sample = [line for _, line in lines[:SAMPLE_LINES]]
    score = {form: sum(_readable(form.split(line)) for line in sample) for form in FORMS}
    best = max(FORMS, key=lambda form: score[form])
    if best is BY_COMMA and score[BY_SPACE_WITH_COMMA] == score[BY_COMMA]:
        pairs = [numbers for line in sample if _readable(numbers := BY_COMMA.split(line))]
        return BY_COMMA if _rises(np.array([numbers[0] for numbers in pairs])) else BY_SPACE_WITH_COMMA
    return best


def _columns(path: Path, form: Form, lines: Sequence[tuple[int, str]]) -> tuple[int, Columns]:
    """How many header lines there are, and the columns below them."""
    numbers = [form.split(line) for _, line in lines]
    header = next((at for at, row in enumerate(numbers) if _readable(row)), len(numbers))
    if header >= min(len(numbers), MOST_HEADER_LINES):
        raise _no_intervals(path, *lines[0])
    body = numbers[header:]
    width = Counter(len(row) for row in body if _readable(row)).most_common(1)[0][0]
    bad = [at for at, row in enumerate(body, start=header) if not _readable(row) or len(row) != width]
    if len(bad) * 2 > len(body):
        raise _no_intervals(path, *lines[bad[0]])
    grid = np.full((len(body), width), np.nan)
    for at, row in enumerate(body):
        if len(row) == width:
            grid[at] = row
    where = [at for at, _ in lines[header:]]
    if width == 1:
        return header, Columns(None, grid[:, 0].copy(), where)
    rising = [_rises(grid[:, column]) for column in range(2)]
    if not any(rising):
        raise BadInput(f"{path}, line {where[0]}: neither of the two columns rises as a time or an index does", next_step=NEXT_STEP)
    times = 0 if rising[0] else 1
    return header, Columns(grid[:, times].copy(), grid[:, 1 - times].copy(), where)


def _no_intervals(path: Path, line: int, text: str) -> BadInput:
    return BadInput(f"{path}, line {line}: no interval can be read from {text[:40]!r}", next_step=NEXT_STEP)


def _rises(column: FloatArray) -> bool:
    known = column[np.isfinite(column)]
    if len(known) < 2:
        return True
    return bool(known[-1] > known[0]) and float(np.count_nonzero(np.diff(known) >= 0)) >= RISING * (len(known) - 1)


def _in_ms(path: Path, columns: Columns) -> tuple[FloatArray, str]:
    median = float(np.median(columns.intervals[np.isfinite(columns.intervals)]))
    unit, scale = ("s", 1000.0) if median < SECONDS_BELOW else ("ms", 1.0)
    if not HUMAN_MS[0] <= median * scale <= HUMAN_MS[1]:
        raise BadInput(f"{path}, line {columns.line[0]}: the middle value is {median:g}, so these look like {other_unit(median * scale)}", next_step=NEXT_STEP)
    return columns.intervals * scale, unit


def _in_seconds(times: FloatArray | None, rr_ms: FloatArray) -> tuple[FloatArray, str, float]:
    """Closing times in s, what the file's own column was, and how coarse it is. Without times the intervals are laid end to end."""
    if times is None:
        return _end_to_end(rr_ms), "", 0.0
    steps = np.diff(times[np.isfinite(times)])
    usual = float(np.median(steps)) if len(steps) else 0.0
    if len(steps) and float(np.count_nonzero(steps == 1)) >= RISING * len(steps):
        return _end_to_end(rr_ms), "index", 0.0
    if usual > SECONDS_BELOW * 10:
        return times / 1000, "time in ms", 0.0
    whole = bool(np.all(times[np.isfinite(times)] % 1 == 0))
    return times, "time in s", 1.0 if whole else 0.0


def _end_to_end(rr_ms: FloatArray) -> FloatArray:
    """Times of beats that follow each other without a hole; in ticks, as they will be chained. A row that is no beat takes no time."""
    ticks = np.where(refuse(np.zeros(len(rr_ms)), rr_ms) == KEPT, to_ticks(rr_ms), 0)
    laid: FloatArray = np.cumsum(ticks.astype(np.int64)) / 1024
    return laid
