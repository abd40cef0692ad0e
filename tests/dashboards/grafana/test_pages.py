"""The page about the boards has every panel of every board, in the words that the panel shows, and the links on it lead somewhere."""

import re
from pathlib import Path

from dashboards.grafana.build import boards
from dashboards.grafana.pages import PAGE, in_one_line, panels_table, with_panels

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_boards_are():
    assert with_panels(TEXT) == TEXT, "run `make dashboards`"
    assert panels_table() in TEXT


def test_every_panel_is_on_it_once_under_its_board():
    told = dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", panels_table(), re.MULTILINE | re.DOTALL))
    assert list(told) == [board.title for board in boards().values()]
    for board in boards().values():
        rows = re.findall(r"^\| (?!panel )(.+?) \| (.+) \|$", told[board.title], re.MULTILINE)
        assert rows == [(panel.title, in_one_line(panel.about)) for panel in board.panels]


def test_rules_are_named_as_they_are():
    from dashboards.grafana.provisioning import RULES

    assert all(f"| {rule.title} |" in TEXT for rule in RULES)


def test_files_it_speaks_of_are_there():
    linked = re.findall(r"\]\(([^)#]+\.md)\)", TEXT)
    assert linked and not [target for target in linked if not (PAGE.parent / target).is_file()]
    named = re.findall(r"`((?:grafana|dashboards)/[\w/.]+)`", TEXT)
    assert named and not [name for name in named if not (Path(PAGE).parents[1] / name).exists()]
