"""Writes what `docker compose up` needs: a folder of keys made by chance, and .env, which names it. Nothing but Python; before any environment.

Never writes over anything: a key that is there stays (a database may know it), and where .env is there nothing is done at all.
Everything is its owner's alone: the folder 0700, files 0600. Prints where a key is, never a key.

    python3 deploy/make_env.py [FOLDER]
"""

from __future__ import annotations

import os
import re
import secrets  # noqa: TID251 - keys nobody can guess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEYS = ("influx_admin_password", "influx_admin_token", "grafana_admin_password", "grafana_secret_key")
"""What somebody has to choose before the first start, so chance does. Two more are the server's to make: deploy/set_up.py."""
FOLDER = "secrets"
BYTES = 32
"""Of chance in a key: 43 letters, under the 72 that InfluxDB takes for a password."""
RENEW = """.env is here already and stays as it is: a running InfluxDB and Grafana know the keys it leads to.
  next: change settings in it by hand; how each key is renewed is in docs/how-to/influxdb-and-grafana.md"""


def put(file: Path, text: str) -> None:
    """A new file for its owner alone; FileExistsError where there is one."""
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)


def make_keys(folder: Path) -> list[str]:
    """Those that are missing; their names."""
    folder.mkdir(mode=0o700, exist_ok=True)
    made = [name for name in KEYS if not (folder / name).exists()]
    for name in made:
        put(folder / name, secrets.token_urlsafe(BYTES) + "\n")
    return made


def zone(etc: Path = Path("/etc")) -> str:
    """Time zone of this computer by its name; UTC where it says none."""
    _, found, linked = str((etc / "localtime").resolve()).partition("zoneinfo/")
    return os.environ.get("TZ", "").lstrip(":") or (linked if found else "") or "UTC"


def settings(example: str) -> str:
    """The example with the two lines filled in that differ from computer to computer."""
    for name, value in (("SOMALINK_SECRETS", f"./{FOLDER}"), ("SOMALINK_TZ", zone())):
        example = re.sub(rf"^{name}=.*$", f"{name}={value}", example, flags=re.MULTILINE)
    return re.sub(r"^# Folder of the keys.*$", "# Folder of the keys, beside this file.", example, flags=re.MULTILINE)


def main(root: Path) -> int:
    """`.env` comes last: where it is, everything is."""
    if (root / ".env").exists():
        print(RENEW, file=sys.stderr)  # noqa: T201 - what this program is for
        return 1
    made = make_keys(root / FOLDER)
    put(root / ".env", settings((ROOT / ".env.example").read_text(encoding="utf-8")))
    kept = len(KEYS) - len(made)
    print(f".env and {len(made)} keys in {FOLDER}/ written, for you alone{f'; {kept} that were there are kept' if kept else ''}")  # noqa: T201
    print(f"next: docker compose up -d, then Grafana on http://127.0.0.1:3000 as admin; the password is in {FOLDER}/grafana_admin_password")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
