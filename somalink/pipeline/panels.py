"""The 5-minute HRV panel of stored beats, in worker processes: NeuroKit2 takes seconds to import and 20 ms a window.

Resumable: only windows that are not in the store yet are computed, and every batch is kept as it comes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from processing import hrv_panel
from somalink.domain.identity import Unit
from somalink.storage.local import LocalStore
from somalink.storage.rows import HrvRow

BATCH = 24
"""Two hours of windows: half a second of work, small enough to show progress."""


def fill_panels(
    store: LocalStore,
    unit: Unit,
    *,
    nonlinear: bool = False,
    only: Collection[int] | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Computes what is missing of the unit's panel; returns how many windows were added. `only`: of windows that begin then. `progress(done, of)`."""
    if only is not None and not only:
        return 0
    have = {row.start_ns for row in store.hrv(unit)}
    missing = hrv_panel.missing(hrv_panel.windows(store.recording_beats(unit)), have)
    wanted = [window for window in missing if only is None or window.start_ns in only]
    if not wanted:
        return 0
    batches = [wanted[k : k + BATCH] for k in range(0, len(wanted), BATCH)]
    done = 0
    with ProcessPoolExecutor(min(workers or os.cpu_count() or 1, len(batches)), mp_context=get_context("spawn")) as pool:
        for made in pool.map(_panels, batches, [nonlinear] * len(batches)):
            with store.transaction() as write:
                write.put_hrv(unit, [HrvRow(r.start_ns, r.stop_ns, r.n_beats, r.artefact, r.reason, r.columns) for r in made])
            done += len(made)
            if progress is not None:
                progress(done, len(wanted))
    return done


def _panels(windows: list[hrv_panel.HrvWindow], nonlinear: bool) -> list[hrv_panel.HrvRow]:
    """One batch, in a worker."""
    return [hrv_panel.panel(window, nonlinear=nonlinear) for window in windows]
