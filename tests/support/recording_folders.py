"""Recording folders for tests: small ones written in one line, and which real ones there are."""

import json
from pathlib import Path

META = {
    "format": "somalink-recording",
    "version": 1,
    "person": "ada",
    "device": "Polar H10",
    "tier": "B",
    "start": "2026-03-01T09:00:00+01:00",
    "tz": "Europe/Rome",
}


def folder(path: Path, *, meta: object = None, **files: str | bytes) -> Path:
    """A recording folder with `rr="..."` as rr.csv; `meta` stands over single keys of META, None drops one."""
    path.mkdir(parents=True, exist_ok=True)
    said = {key: value for key, value in {**META, **(meta if isinstance(meta, dict) else {})}.items() if value is not None}
    (path / "meta.json").write_text(meta if isinstance(meta, str) else json.dumps(said))
    for name, content in files.items():
        file = path / f"{name}.csv"
        file.write_bytes(content) if isinstance(content, bytes) else file.write_text(content)
    return path


REAL = [*[("mmash_polar_h7", str(day)) for day in range(1, 6)], ("stress_predict", "S05"), ("gudb_beats", "0"), ("h10_pvc_ecg_rr", "1")]
"""Data set and person, as the `recording` fixture takes them."""
