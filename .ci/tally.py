"""Adds up what `.ci/run` left in a folder: a table of where the time went, then `N passed, N failed`; exit 1 when anything failed.

Reads `table` (stage, seconds, exit code), `<stage>.xml` (JUnit, of the pytest stages), `<stage>-again.xml` (what had failed, played
once more) and `conformance.log`.
"""

import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

BUDGET_MIN = 75
"""Of the 90 minutes a cold run may take at most; the rest belongs to what is still to come."""
NEVER_SKIPPED = ("truth", "slow", "influx", "containers")
"""CI has the recordings, the server and the engine, so a skip there is a test that did not run. A real Grafana it has not."""


@dataclass(frozen=True)
class Stage:
    """One stage as it ran. `failed` counts tests, or 1 where the stage itself broke without a failed test."""

    name: str
    seconds: int
    passed: int
    failed: int
    skipped: int
    why: str


def stage(folder: Path, name: str, seconds: int, code: int) -> Stage:
    passed, failed, skipped = counts(folder, name)
    why = ""
    if name in NEVER_SKIPPED and skipped:
        failed, why = failed + skipped, f"{skipped} skipped, which is a failure here"
    if code and not failed:
        failed, why = 1, f"ended with {code}"
    return Stage(name, seconds, passed, failed, skipped, why)


def counts(folder: Path, name: str) -> tuple[int, int, int]:
    """Passed, failed, skipped of a stage; zeros where it writes no report."""
    report, again, log = (folder / f"{name}{ending}" for ending in (".xml", "-again.xml", ".log"))
    if report.exists():
        passed, failed, skipped = from_junit(report)
        if again.exists():
            mended, failed, _ = from_junit(again)
            passed += mended
        return passed, failed, skipped
    if name == "conformance":
        found = re.findall(r"^(\d+) passed, (\d+) failed$", log.read_text(), re.MULTILINE)
        return sum(int(passed) for passed, _ in found), sum(int(failed) for _, failed in found), 0
    return 0, 0, 0


def from_junit(report: Path) -> tuple[int, int, int]:
    suites = ET.parse(report).getroot().findall("testsuite")
    tests, failures, errors, skipped = (sum(int(suite.get(key, 0)) for suite in suites) for key in ("tests", "failures", "errors", "skipped"))
    return tests - failures - errors - skipped, failures + errors, skipped


def main(folder: Path) -> int:
    rows = [line.split("\t") for line in (folder / "table").read_text().splitlines()]
    stages = [stage(folder, name, int(seconds), int(code)) for name, seconds, code in rows]
    total = sum(each.seconds for each in stages)
    print(f"\n{'stage':<14}{'seconds':>8}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for each in stages:
        print(f"{each.name:<14}{each.seconds:>8}{each.passed:>8}{each.failed:>8}{each.skipped:>9}  {each.why}".rstrip())
    print(f"{'together':<14}{total:>8}  of {BUDGET_MIN * 60} ({BUDGET_MIN} of the 90 minutes)")
    passed, failed = sum(each.passed for each in stages), sum(each.failed for each in stages)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
