"""Answers that were worked out are given again while they are asked about the same."""

from pathlib import Path

from processing.findings.compare import Comparison
from processing.findings.recovery import Recovery
from somalink.pipeline.answered import MOST, Answered
from somalink.storage import LocalStore

CURVE = Recovery(2, 1, 60.0, None, 90.0, ((0.0, 1.0), (60.0, 0.5)), ((90.0, 0.5),))


def test_what_is_remembered_comes_back_as_it_was(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "s.db") as store:
        memory = Answered.of(store, "ann")
        memory.put("a", Comparison(3, 30, 0.1, None, 0.3, 1 / 3, 0.5))
        memory.put("b", CURVE)
        memory.keep()
        change = store.change
        again = Answered.of(store, "ann")
        assert again.get("a", Comparison) == Comparison(3, 30, 0.1, None, 0.3, 1 / 3, 0.5)
        assert again.get("b", Recovery) == CURVE
        assert again.get("c", Recovery) is None
        assert Answered.of(store, "ben").get("a", Comparison) is None
        assert store.change == change


def test_what_was_asked_last_is_kept_longest(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "s.db") as store:
        first = Answered.of(store, "ann")
        for k in range(MOST):
            first.put(f"old{k}", Comparison(k, k))
        first.keep()
        second = Answered.of(store, "ann")
        assert second.get("old7", Comparison) is not None
        second.put("new", Comparison(1, 1))
        second.keep()
        third = Answered.of(store, "ann")
        assert len(third.known) == MOST
        assert third.get("new", Comparison) and third.get("old7", Comparison)
