"""Heart rate against the usual -> level z, phasic z and their uncertainty (engine, section 1). Knows one baseline at a time.

Three stages of knowing a person: nothing said below half an hour of still time; against this recording alone up to eight hours;
against the fitted usual from then on. The stage is the `maturity` of every row.
"""

from bisect import insort
from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.exact import MICRO, int_sum, prefix, quantise, unquantise
from processing.gates import is_still
from processing.usual import Offsets, carry_last, phasic_centre, predict, priors, quadratic, terms
from somalink.domain.catalogue import PHASIC_REASONS, Z_REASONS
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Baseline, FloatArray, IntArray

OK, SESSION, LEARNING, NO_HEART = (Z_REASONS.code(word) for word in ("", "session_relative", "learning", "no_heart_rate"))
P_LEARNING, P_NO_MOVEMENT, P_NO_HEART = (PHASIC_REASONS.code(w) for w in ("learning", "no_movement_stream", "no_heart_rate"))
RECORDING = "within_recording"


@dataclass(frozen=True, slots=True)
class HeartRows:
    """(k,) a grid point each: what the earlier stages found out."""

    stop_ns: IntArray
    hr: IntArray
    hr_q: IntArray
    variance: FloatArray
    a30: IntArray
    a180: IntArray
    a600: IntArray
    gate: IntArray
    motion_conf: IntArray


@dataclass(frozen=True, slots=True)
class ArousalRows:
    """(k,) fixed-point columns; all but `se_phasic` are kept in the grid row."""

    z: IntArray
    z_phasic: IntArray
    se: IntArray
    se_phasic: IntArray
    z_reason: IntArray
    phasic_reason: IntArray
    maturity: IntArray


def maturity_of(baseline: Baseline | None, session_still_h: float, constants: Constants) -> float:
    """How well the usual is known: 0, .4 (session-relative), .7 (logging only), 1.0 (engine, section 5)."""
    rules = constants.maturity
    if baseline is not None and baseline.mode == RECORDING:
        return 1.0
    if baseline is not None and baseline.still_h >= rules.session_h:
        return 1.0 if baseline.still_h >= rules.full_h and baseline.still_days >= rules.full_days else rules.logging
    return rules.session if session_still_h >= rules.none_h else 0.0


def is_personal(baseline: Baseline | None, constants: Constants) -> bool:
    """Whether the level is read against a fitted usual (else against this recording alone)."""
    return baseline is not None and (baseline.mode == RECORDING or baseline.still_h >= constants.maturity.session_h)


class Arousal:
    """Level and phasic z of consecutive grid points. Carries half an hour of residuals and the session's still residuals."""

    def __init__(self, constants: Constants, *, placement: str, has_movement: bool) -> None:
        self._constants, self._placement, self._has_movement = constants, placement, has_movement
        self._window = constants.spike.phasic_win_min * MINUTE_NS // GRID_NS
        self._e_still: list[float] = []
        self._centre = 0.0
        self._session: list[int] = []
        self._quiet = 0

    def run(self, rows: HeartRows, baseline: Baseline | None, offsets: Offsets) -> ArousalRows:
        """(k,) rows -> z columns. No heart rate or no usual yet: UNKNOWN with its reason."""
        hr = unquantise(rows.hr, 1000)
        columns = terms(rows.a30, rows.a180, rows.a600, rows.stop_ns, offsets)
        still = is_still(rows.gate, rows.motion_conf) & np.isfinite(hr)
        quiet = still & (rows.hr_q >= self._constants.usual.min_quality * 10_000)
        personal = is_personal(baseline, self._constants)
        # The session's own centre is kept up in every stage, so that a restart or an expired baseline can fall back on it.
        session_e, session_h = self._against_session(hr - self._prior_motion(columns), quiet)
        if personal and baseline is not None:
            e = np.rint((hr - predict(columns, baseline.coef_u)) * 1000) / 1000
            return self._personal(e, still, rows, columns, baseline)
        self._forget(len(rows.stop_ns))
        spread = max(baseline.s_level_u / MICRO if baseline else 0.0, self._constants.usual.session_scale_bpm)
        ready = session_h >= self._constants.maturity.none_h
        z = np.where(ready, session_e / spread, np.nan)
        se = self._standard_error(rows.variance, z, spread, session_h)
        no_heart = ~np.isfinite(hr)
        maturity = np.where(ready, round(self._constants.maturity.session * 100), 0)
        return ArousalRows(
            quantise(z, 10_000),
            np.full(len(z), UNKNOWN, np.int64),
            quantise(np.where(np.isfinite(z), se, np.nan), 10_000),
            np.full(len(z), UNKNOWN, np.int64),
            np.select([no_heart, ready], [NO_HEART, SESSION], LEARNING).astype(np.int64),
            np.where(no_heart, P_NO_HEART, P_LEARNING).astype(np.int64),
            maturity.astype(np.int64),
        )

    def _personal(self, e: FloatArray, still: np.ndarray, rows: HeartRows, columns: list[FloatArray], baseline: Baseline) -> ArousalRows:
        s_level, s_phasic = baseline.s_level_u / MICRO, baseline.s_phasic_u / MICRO
        z = e / s_level
        hours = np.full(len(z), baseline.still_h)
        se = self._standard_error(rows.variance + quadratic(columns, baseline.cov_u), z, s_level, hours)
        z_phasic = (e - self._centres(e, still)) / s_phasic
        known = np.isfinite(e)
        early = baseline.still_h < self._constants.spike.phasic_after_h
        phasic_reason = np.select([~known, np.full(len(e), not self._has_movement), np.full(len(e), early)], [P_NO_HEART, P_NO_MOVEMENT, P_LEARNING], 0)
        maturity = round(maturity_of(baseline, 0.0, self._constants) * 100)
        return ArousalRows(
            quantise(z, 10_000),
            quantise(np.where(phasic_reason == 0, z_phasic, np.nan), 10_000),
            quantise(se, 10_000),
            quantise(self._standard_error(rows.variance, z_phasic, s_phasic, hours), 10_000),
            np.where(known, OK, NO_HEART).astype(np.int64),
            phasic_reason.astype(np.int64),
            np.full(len(e), maturity, np.int64),
        )

    def _centres(self, e: FloatArray, still: np.ndarray) -> FloatArray:
        """The phasic centre at each point: trailing median over still, else the last known, else 0."""
        both = np.concatenate([np.array(self._e_still, float), np.where(still, e, np.nan)])
        fresh = phasic_centre(both, self._constants)[len(self._e_still) :]
        centres = carry_last(fresh, self._centre)
        self._e_still = both[-(self._window - 1) :].tolist()
        self._centre = float(centres[-1]) if len(centres) else self._centre
        return centres

    def _forget(self, points: int) -> None:
        """Points that had no fitted usual are unknown to the phasic centre."""
        self._e_still = (self._e_still + [float("nan")] * points)[-(self._window - 1) :]

    def _prior_motion(self, columns: list[FloatArray]) -> FloatArray:
        b1, b2, b3 = priors(self._placement, self._constants)
        return columns[1] * b1 + columns[2] * b2 + columns[3] * b3

    def _against_session(self, rate: FloatArray, quiet: np.ndarray) -> tuple[FloatArray, FloatArray]:
        """Residual against the expanding median of still since the recording's start, and still hours so far, (k,) each."""
        # Eight hours of still time describe a session; later ones no longer move its median.
        room = int(self._constants.maturity.session_h * HOUR_NS // GRID_NS) - len(self._session)
        added = np.flatnonzero(quiet)[: max(room, 0)]
        centres = [self._session_centre()]
        for value in quantise(rate[added], 1000).tolist():
            insort(self._session, value)
            centres.append(self._session_centre())
        hours = (self._quiet + prefix(quiet)[1:]) * GRID_NS / HOUR_NS
        self._quiet += int_sum(quiet)
        centre = np.array(centres)[np.searchsorted(added, np.arange(len(rate)), side="right")]
        return np.rint((rate - centre) * 1000) / 1000, hours

    def _session_centre(self) -> float:
        """Median of the session's still rates so far; NaN before the first."""
        kept = self._session
        return (kept[(len(kept) - 1) // 2] + kept[len(kept) // 2]) / 2000 if kept else float("nan")

    def _standard_error(self, variance: FloatArray, z: FloatArray, spread: float, still_h: FloatArray) -> FloatArray:
        """SE^2 = (sampling + model variance) / s^2 + (1 + z^2/2) / n, n = still hours, at least half of one."""
        return np.sqrt(variance / (spread * spread) + (1 + z * z / 2) / np.maximum(still_h, 0.5))

    def state(self) -> dict[str, object]:
        return {"e_still": np.array(self._e_still, float), "centre": self._centre, "session": np.array(self._session, np.int64), "quiet": self._quiet}

    def restore(self, state: dict[str, Any]) -> None:
        self._e_still, self._session = state["e_still"].tolist(), state["session"].tolist()
        self._centre, self._quiet = state["centre"], state["quiet"]
