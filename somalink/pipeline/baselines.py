"""A baseline as a file (`--baseline FILE`): one JSON object as `export --what baselines` writes it."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from somalink.domain.errors import BadInput
from somalink.domain.identity import digest
from somalink.domain.types import Baseline
from somalink.pipeline.run import Mode

HELP = "give the JSON of one baseline, as in the last column of baselines.csv (`somalink export --what baselines`)"


def read_baseline(path: Path) -> Mode:
    """The mode that reads every recording against this file. BadInput names the file and what is missing."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--baseline {path}: cannot be read ({error})", next_step=f"{HELP}; or say personal or recording") from error
    try:
        whole = json.loads(text)
        baseline = _baseline(whole)
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{path}: not a baseline ({error})", next_step=HELP) from error
    return Mode(f"file:{digest(text)[:12]}", baseline)


def _baseline(whole: dict[str, Any]) -> Baseline:
    known = {f.name for f in fields(Baseline)}
    missing = known - set(whole)
    if missing:
        raise KeyError(f"lacks {', '.join(sorted(missing))}")
    values = {name: whole[name] for name in known}
    for name in ("coef_u", "excluded", "span_ns"):
        values[name] = tuple(values[name])
    values["cov_u"] = tuple(tuple(row) for row in values["cov_u"])
    return Baseline(**values)
