"""Columns as a Parquet file: typed, each with its unit, the same bytes for the same rows. The one importer of pyarrow.

Knows types and units by a column's name; knows nothing of where rows come from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from somalink.domain.catalogue import INDICES
from somalink.domain.constants import ALGORITHM_VERSION
from somalink.domain.errors import UsageError
from somalink.domain.types import FloatArray, IntArray
from somalink.storage.files import private_file

Column = IntArray | FloatArray | Sequence[Any] | str
"""Values of one column in a chunk: an array (NaN = not known), a list (None = not known), or one text for all rows."""
Chunk = tuple[int, tuple[Column, ...]]
"""Number of rows, and their columns."""

UNITS: Mapping[str, str] = {
    "rr_ticks": "1/1024 s", "value": "of the index of the row (index_units)", "quality": "0 to 1", "confidence": "0 to 1", "probability": "0 to 1",
    "chance": "0 to 1", "artefact": "0 to 1", "blind": "", "spoken": "", "peak_z": "SD", "mean_z": "SD", "pre_z": "SD", "slowing_z": "SD", "dz10": "SD",
    "area": "SD min", "slope": "SD/min", "chance_per_h": "1/h", "drift_ppb": "1e-9", "rate_hz": "Hz", "distress": "0 to 10",
}  # fmt: skip
"""Where a column's name does not end in its unit."""
ENDINGS: Mapping[str, str] = {"_ns": "ns", "_s": "s", "_ms": "ms", "_mg": "mg", "_z": "SD"}


def unit_of(name: str) -> str:
    """The unit of a column by its name; empty where it has none.

    >>> unit_of("stop_ns"), unit_of("peak_z"), unit_of("person")
    ('ns', 'SD', '')
    """
    return UNITS.get(name) or next((unit for ending, unit in ENDINGS.items() if name.endswith(ending)), "")


def require_pyarrow(instead: str = "") -> None:
    """UsageError where pyarrow is not installed; `instead` is what else can be done."""
    if find_spec("pyarrow") is None:
        next_step = "install it beside somalink: pip install 'pyarrow>=18' (the extra `research` has it)"
        raise UsageError("Parquet needs pyarrow, which is not installed", next_step=next_step + instead)


def write_parquet(path: Path, table: str, header: Mapping[str, str], chunks: Iterable[Chunk], units: Mapping[str, str] | None = None) -> None:
    """A table's chunks as one file, for its owner alone. `header`: {column: i, f, s or b}; not known is null.

    `units` stand over those that follow from a column's name. The file's own metadata, under `somalink`, name the versions.
    """
    import pyarrow
    import pyarrow.parquet

    types = {"i": pyarrow.int64(), "f": pyarrow.float64(), "s": pyarrow.string(), "b": pyarrow.bool_()}
    said = units or {}
    columns = [pyarrow.field(name, types[kind], metadata={"unit": said.get(name, unit_of(name))}) for name, kind in header.items()]
    schema = pyarrow.schema(columns, metadata={"somalink": json.dumps(_about(table), sort_keys=True)})
    with private_file(path) as file, pyarrow.parquet.ParquetWriter(file, schema) as writer:
        for count, values in chunks:
            arrays = [_array(pyarrow, column, count, field.type) for column, field in zip(values, schema, strict=True)]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))


def _about(table: str) -> dict[str, Any]:
    """Which program made the file; of the long table also the units of what its rows hold."""
    said: dict[str, Any] = {"table": table, "version": program_version(), "algorithm": ALGORITHM_VERSION}
    return said | ({"index_units": {spec.name: spec.unit for spec in INDICES}} if table == "indices" else {})


def program_version() -> str:
    """Of somalink as installed; empty where it runs from its source."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("somalink")
    except PackageNotFoundError:
        return ""


def _array(pyarrow: Any, column: Column, count: int, kind: Any) -> Any:
    if isinstance(column, str):
        return pyarrow.repeat(pyarrow.scalar(column, kind), count)
    plain = column if isinstance(column, np.ndarray) else [";".join(value) if isinstance(value, tuple) else value for value in column]
    return pyarrow.array(plain, kind, from_pandas=True)
