"""Writes what an image is made of, as CycloneDX 1.6: Python distributions, the page's chart, Debian's packages, Python itself.

Runs in the image it describes, with nothing but Python, and reads what is installed, not what was asked for (docs/decisions/0028).
Knows names, versions and licences as each says of itself; what depends on what is not in it: everything hangs on the image.

    python sbom.py PACKAGE-LOCK OUT
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import quote

OURS = "somalink"
DPKG = Path("/var/lib/dpkg/status")
OS_RELEASE = Path("/etc/os-release")


@dataclass(frozen=True)
class Part:
    """One thing that is in the image. `purl`: its address in the words of every scanner; `licence`: as it says itself, '' where it says nothing."""

    name: str
    version: str
    purl: str
    licence: str = ""
    type: str = "library"

    def component(self) -> dict[str, object]:
        said: dict[str, object] = {"type": self.type, "bom-ref": self.purl, "name": self.name, "version": self.version, "purl": self.purl}
        return said | ({"licenses": [{"license": {"name": self.licence}}]} if self.licence else {})


def python_parts() -> Iterator[Part]:
    """Every installed distribution, ours among them."""
    for each in distributions():
        name = re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower()
        yield Part(name, each.version, f"pkg:pypi/{name}@{quote(each.version)}", licence_of(each))


def licence_of(each: Distribution) -> str:
    """The expression, else the classifiers, else a short line; some paste the whole text there, which is no name."""
    meta = each.metadata
    classified = [line.rpartition(" :: ")[2] for line in meta.get_all("Classifier", []) if line.startswith("License ::")]
    [expression], [line] = ((meta.get_all(key) or [""])[:1] for key in ("License-Expression", "License"))
    return expression or " and ".join(classified) or (line.strip() if len(line) < 80 and "\n" not in line else "")


def npm_parts(lock: Path) -> Iterator[Part]:
    """What the page carries of others: the lock's entries that are not for tests alone."""
    for path, entry in json.loads(lock.read_text(encoding="utf-8"))["packages"].items():
        if path and not entry.get("dev"):
            name = path.rpartition("node_modules/")[2]
            yield Part(name, entry["version"], f"pkg:npm/{quote(name, safe='/')}@{entry['version']}", entry.get("license", ""))


def debian_parts() -> Iterator[Part]:
    """What dpkg says is installed; nothing where an image has no dpkg."""
    system = dict(re.findall(r'^(\w+)="?([^"\n]*)', OS_RELEASE.read_text(encoding="utf-8"), re.MULTILINE)) if OS_RELEASE.exists() else {}
    for entry in DPKG.read_text(encoding="utf-8").split("\n\n") if DPKG.exists() else ():
        said = dict(re.findall(r"^(Package|Version|Architecture|Status): (.*)$", entry, re.MULTILINE))
        if said.get("Status") == "install ok installed":
            where = f"pkg:deb/{system.get('ID', 'debian')}/{quote(said['Package'])}@{quote(said['Version'])}"
            yield Part(said["Package"], said["Version"], f"{where}?arch={said['Architecture']}")


def bill(lock: Path, now: datetime) -> dict[str, object]:
    """The whole document. Our own distribution is what it is about."""
    python = Part("python", platform.python_version(), f"pkg:generic/python@{platform.python_version()}", "PSF-2.0", "platform")
    found = sorted({*python_parts(), *npm_parts(lock), *debian_parts(), python}, key=lambda part: part.purl)
    [ours] = [part for part in found if part.name == OURS and part.purl.startswith("pkg:pypi/")]
    others = [part for part in found if part is not ours]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": now.isoformat(timespec="seconds"), "component": ours.component() | {"type": "application"}},
        "components": [part.component() for part in others],
        "dependencies": [{"ref": ours.purl, "dependsOn": [part.purl for part in others]}],
    }


if __name__ == "__main__":
    written = bill(Path(sys.argv[1]), datetime.now(UTC))  # noqa: TID251 - when it was written is part of a bill
    Path(sys.argv[2]).write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
