from dataclasses import replace

import numpy as np
import pytest

from processing.findings import people
from processing.findings.people import Pooled, Row, pooled
from somalink.domain.constants import STATISTICS

KINDS = ("conflict", "rejection", "support")


def rows(levels: list[float], each: int | list[int] = 12, *, seed: int = 1, noise: float = 1.0, kinds: float = 0.0) -> list[Row]:
    """Moments of people whose true level is given; `kinds`: how much people differ in what a kind does to them."""
    rng = np.random.default_rng(seed)
    counts = [each] * len(levels) if isinstance(each, int) else each
    out = []
    for k, (level, n) in enumerate(zip(levels, counts, strict=True)):
        of_kind = dict(zip(KINDS, rng.normal((0.3, 0.0, -0.3), kinds), strict=True))
        for _ in range(n):
            kind, pre = KINDS[int(rng.integers(3))], float(rng.normal(0, 0.5))
            dz10 = level - 0.4 * pre + of_kind[kind] + noise * float(rng.normal())
            out.append(Row(f"p{k:02}", kind, dz10, pre, float(rng.uniform(8, 22)), float(rng.uniform(0.5, 1)), bool(rng.random() < 0.5)))
    return out


LEVELS = [float(level) for level in np.linspace(-0.4, 2.2, 14)]


def test_extreme_people_are_pulled_towards_the_middle_and_the_fewer_moments_the_further():
    counts = [4, 30, *[12] * 10, 30, 4]
    found = pooled(rows(LEVELS, counts))
    assert found.effect is not None and found.verdict == "higher"
    lowest, highest = found.people[0], found.people[-1]
    assert lowest.own < lowest.effect < found.effect < highest.effect < highest.own
    pull = [(found.people[k].effect - found.effect) / (found.people[k].own - found.effect) for k in (1, 12, 13)]
    assert pull[2] < pull[0] and pull[2] < pull[1]
    assert lowest.high - lowest.low > found.people[1].high - found.people[1].low


def test_nine_people_are_not_pooled():
    assert pooled(rows(LEVELS[:9])) == Pooled(9, 108, None, None, None, None, "too_few", "few:1", "", ())
    assert pooled([]).reason == "few:10"
    assert pooled(rows(LEVELS[:10])).effect is not None


def test_people_come_by_id_and_never_by_rank():
    some = rows(LEVELS)
    shuffled = [some[k] for k in np.random.default_rng(2).permutation(len(some))]
    first, again = pooled(some), pooled(shuffled)
    assert [each.person for each in again.people] == sorted(each.person for each in again.people)
    assert [each.effect for each in first.people] == pytest.approx([each.effect for each in again.people], abs=1e-4)


def test_moments_without_a_reaction_or_a_level_before_are_not_counted():
    some = rows(LEVELS)
    some[0], some[1] = replace(some[0], dz10=float("nan")), replace(some[1], pre=float("nan"))
    assert pooled(some).n == len(some) - 2


def test_it_says_which_model_answered(monkeypatch):
    wide = rows([*LEVELS, *LEVELS], 30, kinds=1.0)
    assert pooled(wide).method == "mixed_kinds"
    assert pooled(rows(LEVELS)).method in {"mixed_kinds", "mixed_levels"}
    monkeypatch.setattr(people, "mixed", lambda *_: None)
    marginal = pooled(rows(LEVELS))
    assert marginal.method == "gee" and marginal.people[0].own < marginal.people[0].effect < (marginal.effect or 0)


def test_people_who_do_not_differ_are_all_told_the_same():
    """A mixed model has nothing to hold on to there and does not converge; no warning leaves, and the marginal one answers."""
    found = pooled(rows([1.0] * 12, seed=5))
    own, told = (np.ptp([getattr(each, what) for each in found.people]) for what in ("own", "effect"))
    assert found.method == "gee" and told < own / 5


def test_the_marginal_model_says_much_what_the_mixed_one_does(monkeypatch):
    mixed = pooled(rows(LEVELS))
    monkeypatch.setattr(people, "mixed", lambda *_: None)
    marginal = pooled(rows(LEVELS))
    assert marginal.effect == pytest.approx(mixed.effect, abs=0.05)
    assert [each.effect for each in marginal.people] == pytest.approx([each.effect for each in mixed.people], abs=0.2)


def test_columns_that_never_vary_do_not_enter():
    plain = [Row(each.person, "conflict", each.dz10, 0.0) for each in rows(LEVELS)]
    assert pooled(plain).method == "mixed_levels"


@pytest.mark.slow
def test_nine_in_ten_intervals_hold_the_person_and_the_whole(record_property):
    rng, runs = np.random.default_rng(5), 80
    whole = each_held = 0
    closer, methods = [], set()
    for run in range(runs):
        levels = [float(level) for level in rng.normal(0.8, 0.6, 12)]
        found = pooled(rows(levels, 8, seed=900 + run), STATISTICS)
        methods.add(found.method)
        whole += found.low <= 0.8 <= found.high
        each_held += sum(person.low <= level <= person.high for person, level in zip(found.people, levels, strict=True))
        closer.append(
            np.mean([(p.effect - t) ** 2 for p, t in zip(found.people, levels, strict=True)])
            / np.mean([(p.own - t) ** 2 for p, t in zip(found.people, levels, strict=True)])
        )
    record_property(
        "measured", f"whole {whole / runs:.3f}, people {each_held / runs / 12:.3f}, squared error to own means {np.mean(closer):.2f}, {sorted(methods)}"
    )
    assert 0.81 <= whole / runs <= 0.97
    assert 0.86 <= each_held / runs / 12 <= 0.95
    assert np.mean(closer) < 1
