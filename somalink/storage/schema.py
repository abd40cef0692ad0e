"""The store's tables as numbered steps. A step that has been released is never edited: the next change is the next step.

Every replicable row carries the `change` number of the transaction that last wrote it (contracts, section 10).
"""

APPLICATION_ID = 0x736F6D61
"""`soma` in the file's header (`PRAGMA application_id`), so that somebody else's database is never taken for a store."""

VERSION_1 = """
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('change', 0);
CREATE TABLE secrets (person TEXT PRIMARY KEY, secret TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE current_analysis (person TEXT PRIMARY KEY, analysis TEXT NOT NULL, change INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE units (
    unit INTEGER PRIMARY KEY, person TEXT NOT NULL, device TEXT NOT NULL, recording TEXT NOT NULL, tier TEXT NOT NULL,
    UNIQUE (person, device, recording)
) STRICT;
CREATE TABLE recordings (
    unit INTEGER PRIMARY KEY REFERENCES units, state TEXT NOT NULL, start_ns INTEGER NOT NULL, stop_ns INTEGER, analysis TEXT NOT NULL,
    simulated INTEGER NOT NULL, start_unknown INTEGER NOT NULL, tz TEXT NOT NULL, events_refused INTEGER NOT NULL, meta TEXT NOT NULL,
    change INTEGER NOT NULL
) STRICT;
CREATE TABLE raw (
    unit INTEGER NOT NULL REFERENCES units, t_mono_ns INTEGER NOT NULL, boot_id TEXT NOT NULL, connection INTEGER NOT NULL,
    characteristic TEXT NOT NULL, t_utc_ns INTEGER NOT NULL, payload BLOB NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (unit, boot_id, t_mono_ns, connection, characteristic)
) STRICT, WITHOUT ROWID;
CREATE TABLE beats (
    unit INTEGER NOT NULL REFERENCES units, t_ns INTEGER NOT NULL, n INTEGER NOT NULL, rr_ticks INTEGER NOT NULL, flag INTEGER NOT NULL,
    segment INTEGER NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (unit, t_ns, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE grid (
    unit INTEGER NOT NULL REFERENCES units, analysis TEXT NOT NULL, stop_ns INTEGER NOT NULL,
    hr INTEGER NOT NULL, hr_reason INTEGER NOT NULL, hr_q INTEGER NOT NULL,
    ln_rmssd INTEGER NOT NULL, hrv_reason INTEGER NOT NULL, hrv_q INTEGER NOT NULL,
    motion INTEGER NOT NULL, a30 INTEGER NOT NULL, a180 INTEGER NOT NULL, a600 INTEGER NOT NULL, gate INTEGER NOT NULL,
    z INTEGER NOT NULL, z_phasic INTEGER NOT NULL, se INTEGER NOT NULL, z_reason INTEGER NOT NULL, phasic_reason INTEGER NOT NULL,
    maturity INTEGER NOT NULL, motion_conf INTEGER NOT NULL, artefact INTEGER NOT NULL, baseline INTEGER NOT NULL,
    change INTEGER NOT NULL,
    PRIMARY KEY (unit, analysis, stop_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE hours (
    kind TEXT NOT NULL, unit INTEGER NOT NULL REFERENCES units, analysis TEXT NOT NULL, hour INTEGER NOT NULL, count INTEGER NOT NULL,
    first_change INTEGER NOT NULL, last_change INTEGER NOT NULL, floor_change INTEGER NOT NULL, payload BLOB NOT NULL,
    UNIQUE (kind, unit, analysis, hour)
) STRICT;
CREATE TABLE gaps (
    unit INTEGER NOT NULL REFERENCES units, stream TEXT NOT NULL, start_ns INTEGER NOT NULL, stop_ns INTEGER NOT NULL, reason TEXT NOT NULL,
    lost_ns INTEGER NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (unit, stream, start_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE counts (
    unit INTEGER NOT NULL REFERENCES units, hour_start_ns INTEGER NOT NULL, received INTEGER NOT NULL, refused TEXT NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (unit, hour_start_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE utc_offsets (
    unit INTEGER NOT NULL REFERENCES units, from_ns INTEGER NOT NULL, offset_s INTEGER NOT NULL, tz TEXT NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (unit, from_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE clocks (
    boot_id TEXT NOT NULL, t_mono_ns INTEGER NOT NULL, offset_ns INTEGER NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (boot_id, t_mono_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE device_status (
    unit INTEGER NOT NULL REFERENCES units, t_ns INTEGER NOT NULL, fields TEXT NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (unit, t_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE hrv_names (id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE hrv (
    unit INTEGER NOT NULL REFERENCES units, names INTEGER NOT NULL REFERENCES hrv_names, start_ns INTEGER NOT NULL, stop_ns INTEGER NOT NULL,
    n_beats INTEGER NOT NULL, artefact REAL, reason TEXT NOT NULL, figures BLOB NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (unit, start_ns, stop_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE episodes (
    id TEXT PRIMARY KEY, unit INTEGER NOT NULL REFERENCES units, analysis TEXT NOT NULL, lead INTEGER, kind TEXT NOT NULL, driver TEXT NOT NULL,
    start_ns INTEGER NOT NULL, stop_ns INTEGER, onset_ns INTEGER NOT NULL, peak_ns INTEGER NOT NULL, peak_z REAL NOT NULL, mean_z REAL NOT NULL,
    quality REAL NOT NULL, confidence REAL NOT NULL, gate TEXT NOT NULL, truncated INTEGER NOT NULL, chance_per_h REAL, state TEXT NOT NULL,
    change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX episodes_by_start ON episodes (unit, analysis, start_ns);
CREATE TABLE candidates (
    unit INTEGER NOT NULL REFERENCES units, analysis TEXT NOT NULL, kind TEXT NOT NULL, driver TEXT NOT NULL, start_ns INTEGER NOT NULL,
    stop_ns INTEGER NOT NULL, reason TEXT NOT NULL, peak_z REAL NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (unit, analysis, start_ns, kind, driver, stop_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE baselines (
    person TEXT NOT NULL, tier TEXT NOT NULL, analysis TEXT NOT NULL, from_ns INTEGER NOT NULL, number INTEGER NOT NULL, mode TEXT NOT NULL,
    json TEXT NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (person, tier, analysis, from_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE links (
    person TEXT NOT NULL, analysis TEXT NOT NULL, event_id TEXT NOT NULL, episode_id TEXT NOT NULL, probability REAL NOT NULL,
    verdict TEXT NOT NULL, lag_s REAL, chance REAL NOT NULL, rule TEXT NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (person, analysis, event_id, episode_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE event_metrics (
    person TEXT NOT NULL, analysis TEXT NOT NULL, event_id TEXT NOT NULL, dz10 REAL, peak_z REAL, latency_s REAL, t_half_s REAL,
    t_half_censored INTEGER, change INTEGER NOT NULL,
    PRIMARY KEY (person, analysis, event_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
    unit INTEGER NOT NULL REFERENCES units, analysis TEXT NOT NULL, t_ns INTEGER NOT NULL, payload BLOB NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (unit, analysis, t_ns)
) STRICT;

CREATE TABLE events (
    id TEXT NOT NULL, revision INTEGER NOT NULL, person TEXT NOT NULL, kind TEXT NOT NULL, t_ns INTEGER NOT NULL, t_end_ns INTEGER,
    certainty_s INTEGER NOT NULL, made_at_ns INTEGER NOT NULL, received_ns INTEGER NOT NULL, source TEXT NOT NULL, distress INTEGER,
    belonging INTEGER, sensations TEXT NOT NULL, action TEXT NOT NULL, with_whom TEXT NOT NULL, theme TEXT NOT NULL, need TEXT NOT NULL,
    spoken INTEGER, expectancy INTEGER, context TEXT NOT NULL, blind INTEGER, planned_distress INTEGER, note TEXT NOT NULL,
    deleted INTEGER NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (id, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    id TEXT NOT NULL, revision INTEGER NOT NULL, person TEXT NOT NULL, start_ns INTEGER NOT NULL, stop_ns INTEGER NOT NULL, kind TEXT NOT NULL,
    rate REAL, in_s REAL, ex_s REAL, prompt_id TEXT NOT NULL, outcome TEXT NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (id, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE plans (
    id TEXT NOT NULL, revision INTEGER NOT NULL, person TEXT NOT NULL, step TEXT NOT NULL, kind TEXT NOT NULL, t_ns INTEGER NOT NULL,
    t_end_ns INTEGER, planned_distress INTEGER, expectancy INTEGER, event_id TEXT NOT NULL, state TEXT NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (id, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE ratings (
    id TEXT PRIMARY KEY, person TEXT NOT NULL, t_ns INTEGER NOT NULL, kind TEXT NOT NULL, value INTEGER NOT NULL, received_ns INTEGER NOT NULL,
    prompt_id TEXT NOT NULL, blind INTEGER, change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE prompts (
    id TEXT PRIMARY KEY, person TEXT NOT NULL, t_ns INTEGER NOT NULL, "trigger" TEXT NOT NULL, episode_id TEXT NOT NULL, eligible INTEGER NOT NULL,
    reason TEXT NOT NULL, arm TEXT NOT NULL, probability REAL, seed TEXT NOT NULL, shown_ns INTEGER, answer TEXT NOT NULL, answered_ns INTEGER,
    change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE answers (
    prompt_id TEXT NOT NULL, person TEXT NOT NULL, answer TEXT NOT NULL, received_ns INTEGER NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (prompt_id, received_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (
    person TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value TEXT NOT NULL, received_ns INTEGER NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (person, key, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE profile (
    person TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value TEXT NOT NULL, received_ns INTEGER NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (person, key, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE tombstones (
    change INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, person TEXT NOT NULL, device TEXT NOT NULL, from_ns INTEGER, to_ns INTEGER,
    PRIMARY KEY (change, kind, id, person, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX hours_by_change ON hours (last_change);
CREATE INDEX beats_by_change ON beats (change);
CREATE INDEX grid_by_change ON grid (change);
CREATE INDEX raw_by_change ON raw (change);
CREATE INDEX events_by_change ON events (change);
"""

VERSION_2 = """
ALTER TABLE event_metrics ADD COLUMN pre_z REAL;
ALTER TABLE event_metrics ADD COLUMN area REAL;
ALTER TABLE event_metrics ADD COLUMN slope REAL;
ALTER TABLE event_metrics ADD COLUMN slowing_z REAL;
CREATE TABLE controls (
    person TEXT NOT NULL, analysis TEXT NOT NULL, event_id TEXT NOT NULL, n INTEGER NOT NULL, t_ns INTEGER NOT NULL, device TEXT NOT NULL,
    day INTEGER NOT NULL, still REAL NOT NULL, motion_mg REAL, dz10 REAL, peak_z REAL, latency_s REAL, t_half_s REAL, t_half_censored INTEGER,
    pre_z REAL, area REAL, slope REAL, slowing_z REAL, change INTEGER NOT NULL,
    PRIMARY KEY (person, analysis, event_id, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE findings (
    id TEXT PRIMARY KEY, person TEXT NOT NULL, span TEXT NOT NULL, scope TEXT NOT NULL, metric TEXT NOT NULL, n_tagged INTEGER NOT NULL,
    n_usable INTEGER NOT NULL, n_blind INTEGER NOT NULL, n_controls INTEGER NOT NULL, effect REAL, low REAL, high REAL, p REAL, q REAL,
    verdict TEXT NOT NULL, reason TEXT NOT NULL, analysis TEXT NOT NULL, change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX findings_by_person ON findings (person, span);
CREATE TABLE keepsakes (
    person TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (person, name)
) STRICT, WITHOUT ROWID;
"""
"""Findings and what they are compared with. A keepsake is what was computed from other rows and takes long: good while its `state` stands,
lost without harm, never replicated."""

VERSION_3 = """
CREATE TABLE replica_state (
    replica TEXT PRIMARY KEY, change INTEGER NOT NULL, shipped INTEGER NOT NULL, expired INTEGER NOT NULL, retries INTEGER NOT NULL,
    last_error TEXT NOT NULL, next_step TEXT NOT NULL, caught_up_ns INTEGER NOT NULL, acknowledged_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE replica_points (
    replica TEXT NOT NULL, person TEXT NOT NULL, measurement TEXT NOT NULL, id TEXT NOT NULL, t_ns INTEGER NOT NULL, tags TEXT NOT NULL,
    fields TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (replica, person, measurement, id, t_ns, tags)
) STRICT, WITHOUT ROWID;
CREATE TABLE replica_due (
    replica TEXT NOT NULL, person TEXT NOT NULL, what TEXT NOT NULL, part TEXT NOT NULL,
    PRIMARY KEY (replica, person, what, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE replica_parked (
    replica TEXT NOT NULL, person TEXT NOT NULL, series TEXT NOT NULL, t_ns INTEGER NOT NULL, bucket TEXT NOT NULL, reason TEXT NOT NULL, line TEXT NOT NULL,
    PRIMARY KEY (replica, series, t_ns)
) STRICT, WITHOUT ROWID;
CREATE TABLE replica_withheld (replica TEXT NOT NULL, person TEXT NOT NULL, PRIMARY KEY (replica, person)) STRICT, WITHOUT ROWID;
"""
"""Where replicas are: how far each has come, which points with an id may be there, what is to be compared anew, what a server refused, and who is
not in it. News to nobody: none of it takes a change number."""

VERSION_4 = """
ALTER TABLE beats ADD COLUMN rr_fine_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grid ADD COLUMN posture INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grid ADD COLUMN steps INTEGER NOT NULL DEFAULT -2147483648;
CREATE TABLE stream_clocks (
    unit INTEGER NOT NULL REFERENCES units, t_ns INTEGER NOT NULL, stream INTEGER NOT NULL, sensor_ns INTEGER NOT NULL, offset_ns INTEGER NOT NULL,
    drift_ppb INTEGER NOT NULL, rate_mhz INTEGER NOT NULL, error_ns INTEGER NOT NULL, change INTEGER NOT NULL,
    PRIMARY KEY (unit, t_ns, stream)
) STRICT, WITHOUT ROWID;
"""
"""What a device's own streams tell: intervals finer than a tick, posture and steps, and how its clock ran. Hours that were laid by as blobs before
this are read as if none of it was known, which is so."""

VERSION_5 = """
ALTER TABLE current_analysis ADD COLUMN decided_ns INTEGER;
"""
"""Up to when an earlier analysis of the person decided what to ask: a later one finds other rises in those days, and asks about none of them."""

STEPS: tuple[str, ...] = (VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5)
"""`STEPS[v]` takes a store from version v to v + 1."""
