"""What is computed on reading and never stored: index, RMSSD, confidence, and each index as a column with its reason.

Knows the fixed-point columns of the grid; knows nothing of files or SQLite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from somalink.domain.catalogue import GRID_COLUMNS, HR_REASONS, HRV_REASONS, PHASIC_REASONS, Z_REASONS
from somalink.domain.types import UNKNOWN, FloatArray, Gate, Grid, IntArray, Posture, word

NO_DATA = "no_data"
"""Why a value is missing where the engine names no reason of its own: nothing was there to measure."""
NO_BASELINE = "none"

_UNITS = {column.name: column.unit for column in GRID_COLUMNS}


def known(grid: Grid, name: str) -> FloatArray:
    """A fixed-point column in its unit, NaN where not known. Division by the whole number gives the shortest decimals."""
    stored = getattr(grid, name)
    return np.where(stored == UNKNOWN, np.nan, stored / round(1 / _UNITS[name]))


def rmssd_ms(grid: Grid) -> FloatArray:
    """RMSSD in ms to three decimals, from its stored logarithm."""
    thousandths: FloatArray = np.rint(1000 * np.exp(known(grid, "ln_rmssd")))
    return thousandths / 1000


def arousal_index(grid: Grid) -> FloatArray:
    """clip(20 + 20 z, 0, 100)."""
    return np.where(grid.z == UNKNOWN, np.nan, np.clip(200_000 + 20 * grid.z, 0, 1_000_000) / 10_000)


def confidence(grid: Grid) -> FloatArray:
    """Quality x maturity x motion confidence, to four decimals (contracts, section 5)."""
    product = grid.hr_q * grid.maturity * grid.motion_conf
    missing = (grid.hr_q == UNKNOWN) | (grid.maturity == UNKNOWN) | (grid.motion_conf == UNKNOWN)
    return np.where(missing, np.nan, np.rint(product / 1e4) / 1e4)


def unknown(grid: Grid) -> FloatArray:
    """A column of which nothing is known."""
    return np.full(len(grid), np.nan)


@dataclass(frozen=True, slots=True)
class IndexForm:
    """How an index reads from the grid: its value, the columns of its quality and reason, and whether it is against the usual."""

    value: Callable[[Grid], FloatArray]
    quality_of: str = ""
    reason_of: str = ""
    reasons: tuple[str, ...] = ()
    words_of: str = ""
    against_usual: bool = False

    def quality(self, grid: Grid) -> FloatArray:
        return known(grid, self.quality_of) if self.quality_of else unknown(grid)

    def text(self, grid: Grid) -> Sequence[str]:
        return worded(_WORDS[self.words_of], getattr(grid, self.words_of)) if self.words_of else ""

    def reason(self, grid: Grid) -> Sequence[str]:
        """Why the value is as it is; a missing value always says why."""
        if self.words_of:
            return ""
        said = worded(self.reasons, getattr(grid, self.reason_of)) if self.reason_of else [""] * len(grid)
        missing = np.isnan(self.value(grid)).tolist()
        return [reason or NO_DATA if gone else reason for reason, gone in zip(said, missing, strict=True)]


_WORDS: Mapping[str, Sequence[str]] = {"gate": [word(gate) for gate in Gate], "posture": [word(posture) for posture in Posture]}
FORMS: Mapping[str, IndexForm] = {
    "HR": IndexForm(lambda grid: known(grid, "hr"), "hr_q", "hr_reason", HR_REASONS.words),
    "HRV_RMSSD": IndexForm(rmssd_ms, "hrv_q", "hrv_reason", HRV_REASONS.words),
    "HRV_LnRMSSD": IndexForm(lambda grid: known(grid, "ln_rmssd"), "hrv_q", "hrv_reason", HRV_REASONS.words),
    "motion_mg": IndexForm(lambda grid: known(grid, "motion")),
    "gate": IndexForm(unknown, words_of="gate"),
    "posture": IndexForm(unknown, words_of="posture"),
    "steps": IndexForm(lambda grid: known(grid, "steps")),
    "arousal_z": IndexForm(lambda grid: known(grid, "z"), "hr_q", "z_reason", Z_REASONS.words, against_usual=True),
    "arousal_phasic_z": IndexForm(lambda grid: known(grid, "z_phasic"), "hr_q", "phasic_reason", PHASIC_REASONS.words, against_usual=True),
    "arousal_se": IndexForm(lambda grid: known(grid, "se"), "hr_q", "z_reason", Z_REASONS.words, against_usual=True),
    "arousal_index": IndexForm(arousal_index, "hr_q", "z_reason", Z_REASONS.words, against_usual=True),
}


def baseline_labels(grid: Grid, modes: Mapping[int, str]) -> list[str]:
    """`personal-3`: how the usual was fitted, and its number."""
    numbers, place = np.unique(grid.baseline, return_inverse=True)
    labels = [f"{modes[number]}-{number}" if number in modes else NO_BASELINE for number in numbers.tolist()]
    return worded(labels, place)


def worded(words: Sequence[str], codes: IntArray) -> list[str]:
    """The word of each code; nothing for a code that is not known."""
    known = np.array([*words, ""], dtype=object)
    found: list[str] = known[np.where((codes >= 0) & (codes < len(words)), codes, len(words))].tolist()
    return found
