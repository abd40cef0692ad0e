"""The one-shot service of compose.yaml: sets InfluxDB up by `somalink influx setup`, and hands each key to the one who may read it.

Keys are files of the person who typed `make env`, for their eyes alone (0600), so no user of a container can read them; Docker Compose hands a
file on with the owner it has. This starts as root with four capabilities and nothing else, gives the set-up what it needs as uid 1000, and copies
what came of it: into the folder of keys, owned as that folder is; and into a volume each for somalink (uid 1000) and Grafana (uid 472).
Knows file names and owners, never what is in a file. The folder of keys is the one place that counts: volumes are written anew each time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

KEYS = Path("/run/secrets")
"""The folder that `make env` made."""
SOMALINK = 1000
GRAFANA = 472
"""Of the official image."""
PASSWORD, OPERATOR, WRITES, READS = "influx_admin_password", "influx_admin_token", "influx_write_token", "influx_read_token"
GRAFANAS = ("grafana_admin_password", "grafana_secret_key")
OPTIONS = {"--password-file": PASSWORD, "--operator-token-file": OPERATOR, "--write-token-file": WRITES, "--read-token-file": READS}


@dataclass(frozen=True)
class Reader:
    """Who runs under which number, where their keys lie, and which these are."""

    uid: int
    folder: Path
    keys: tuple[str, ...]


READERS = (
    Reader(SOMALINK, Path("/keys/somalink"), (WRITES, READS)),
    Reader(GRAFANA, Path("/keys/grafana"), (READS, *GRAFANAS)),
)


def missing() -> list[str]:
    """Keys that a set-up cannot be done without and that `make env` would have made."""
    return [name for name in (PASSWORD, OPERATOR, *GRAFANAS) if not (KEYS / name).is_file()]


def hand(source: Path, folder: Path, uid: int, gid: int) -> None:
    """A copy for one reader, in its place only when it is whole. Whole before it is theirs: a file of others we may not change."""
    draft = folder / f".{source.name}.part"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o400), "wb") as file:
        file.write(source.read_bytes())
    os.chown(draft, uid, gid)
    draft.replace(folder / source.name)


def own(folder: Path, uid: int) -> None:
    """For this reader alone. Taken first: the mode of another's folder is not ours to change, and after the first time it is theirs."""
    os.chown(folder, 0, 0)
    folder.chmod(0o700)
    os.chown(folder, uid, uid)


def set_up(desk: Path) -> int:
    """`somalink influx setup` as uid 1000, on copies of the keys it needs; what it made is then on the desk as well."""
    for name in (PASSWORD, OPERATOR, WRITES, READS):
        if (KEYS / name).is_file():
            hand(KEYS / name, desk, SOMALINK, SOMALINK)
    own(desk, SOMALINK)
    words = [word for option, name in OPTIONS.items() for word in (option, str(desk / name))]
    done = subprocess.run(["somalink", "--quiet", "influx", "setup", *words], user=SOMALINK, group=SOMALINK, extra_groups=[], cwd=desk, check=False)
    return done.returncode


def hand_out(desk: Path) -> None:
    """New tokens to the folder of keys, then everybody's keys to everybody."""
    here = KEYS.stat()
    for name in (WRITES, READS):
        if not (KEYS / name).is_file() or (KEYS / name).read_bytes() != (desk / name).read_bytes():
            hand(desk / name, KEYS, here.st_uid, here.st_gid)
    for reader in READERS:
        for name in reader.keys:
            hand(KEYS / name, reader.folder, reader.uid, reader.uid)
        own(reader.folder, reader.uid)


def main() -> int:
    if absent := missing():
        print(f"set-up: {', '.join(absent)} is missing in the folder of keys\n  next: make env", file=sys.stderr)  # noqa: T201 - a service's log
        return 2
    desk = Path(tempfile.mkdtemp())
    try:
        code = set_up(desk)
        if code == 0:
            hand_out(desk)
        return code
    finally:
        shutil.rmtree(desk)


if __name__ == "__main__":
    sys.exit(main())
