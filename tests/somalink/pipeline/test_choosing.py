"""What is chosen holds from the newest time on, and choosing the same again is no news."""

from pathlib import Path

from somalink.pipeline.choosing import choices_of, choose
from somalink.storage import LocalStore


def test_the_newest_choice_holds_and_the_same_again_writes_nothing(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "s.db") as store:
        assert choices_of(store, "ann")["report_notes"] == "no"
        assert choose(store, "ann", {"report_notes": "yes", "theme": "dark"}, 100)["report_notes"] == "yes"
        change = store.change
        choose(store, "ann", {"report_notes": "yes"}, 200)
        assert store.change == change
        assert {row.key for row in store.profile("ann")} == {"report_notes"}
        assert {row.key for row in store.settings("ann")} == {"theme"}


def test_a_clock_that_was_set_back_does_not_bring_an_older_choice_back(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "s.db") as store:
        choose(store, "ann", {"report_spans": "none"}, 1000)
        choose(store, "ann", {"report_spans": "all"}, 10)
        assert choices_of(store, "ann")["report_spans"] == "all"
