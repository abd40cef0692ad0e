"""Arithmetic whose last digit does not depend on how the data were cut (contracts, section 3).

Float sums depend on their order, and numpy chooses the order by array length; integers do not. So every sum of the program
runs over integers, here, and whatever a decision or the store sees is quantised first. A test reads the syntax tree of
`processing` and allows reductions in this module alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from somalink.domain.types import UNKNOWN, FloatArray, IntArray

MICRO = 1_000_000


def _integers(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind not in "iub":
        raise TypeError(f"exact sums take integers, not {values.dtype}")
    return values


def int_sum(values: NDArray[Any]) -> int:
    """Sum of an integer or boolean array as a Python int; 0 when empty. TypeError on floats."""
    return int(_integers(values).sum(dtype=np.int64))


def prefix(values: NDArray[Any]) -> IntArray:
    """(n,) integers -> (n + 1,) running sums from 0, so that sum(values[i:j]) = prefix[j] - prefix[i]. TypeError on floats."""
    out = np.zeros(len(values) + 1, np.int64)
    np.cumsum(_integers(values), out=out[1:])
    return out


def prefix_rows(values: NDArray[Any]) -> NDArray[Any]:
    """(n, m) integers -> (n + 1, m) running sums down each column, from 0, in their own integer type. TypeError on floats."""
    out = np.zeros((len(values) + 1, values.shape[1]), values.dtype)
    np.cumsum(_integers(values), axis=0, out=out[1:])
    return out


def row_sums(values: NDArray[Any]) -> IntArray:
    """(n, m) integers -> (n,) the sum of each row. TypeError on floats."""
    return np.asarray(_integers(values).sum(axis=1, dtype=np.int64))


def running(values: NDArray[Any], length: int) -> IntArray:
    """Sum of the last `length` integers or flags, this one included; (n,), counting nothing before the array's start. TypeError on floats."""
    total = prefix(values)
    ends = np.arange(1, len(values) + 1)
    return total[ends] - total[np.maximum(ends - length, 0)]


def group_sum(values: NDArray[Any], starts: IntArray) -> IntArray:
    """Sums of consecutive groups, none of them empty: group k is values[starts[k] : starts[k + 1]], the last one runs to the end.

    Of rows, (n, m) -> (k, m). TypeError on floats.
    """
    return np.asarray(np.add.reduceat(_integers(values), starts, axis=0, dtype=np.int64))


def mean_of(values: NDArray[Any]) -> float:
    """Mean of integers by their exact sum; NaN when empty."""
    return int_sum(values) / len(values) if len(values) else float("nan")


def quantise(values: FloatArray, per_unit: float) -> IntArray:
    """Fixed point: round(values * per_unit), half to even; NaN becomes UNKNOWN. (n,) float64 -> (n,) int64."""
    known = np.isfinite(values)
    return np.where(known, np.rint(np.where(known, values, 0.0) * per_unit), UNKNOWN).astype(np.int64)


def unquantise(values: IntArray, per_unit: float) -> FloatArray:
    """Fixed point back to float64; UNKNOWN becomes NaN."""
    return np.where(values == UNKNOWN, np.nan, values / per_unit)


def median(values: NDArray[Any]) -> float:
    """Median by selection, so exact for any order; NaN when empty."""
    return float(np.median(values)) if len(values) else float("nan")


def median2(values: list[int]) -> int:
    """Twice the median, so that it stays an integer. At least one value."""
    ordered = sorted(values)
    n = len(ordered)
    return ordered[(n - 1) // 2] + ordered[n // 2]


def mad_spread(values: FloatArray) -> float:
    """Robust spread 1.4826 x median absolute deviation about the median; NaN when empty."""
    if not len(values):
        return float("nan")
    return 1.4826 * median(np.abs(values - median(values)))
