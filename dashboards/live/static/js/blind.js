/* Whether a tag was made without knowing what the body showed. A tag is blind when no level was on this screen at or after the moment it is
   about; only such tags enter statistics. What was seen on another device is not known here. */

export const AWAY_MS = 10 * 60_000;

/** Blind: nothing seen (null), or nothing since the moment. */
export const blindAt = (moment_ms, seen_ms) => seen_ms === null || seen_ms < moment_ms;

/** Whether the page opens on the kinds: something was seen here once, and not for ten minutes. */
export const tagFirst = (now_ms, seen_ms) => seen_ms !== null && now_ms - seen_ms >= AWAY_MS;

/** What `blind` becomes when a tag's moment is moved: never from false to true, and false when the new moment had been seen by now. */
export const stillBlind = (blind, moment_ms, seen_ms) => blind === true && blindAt(moment_ms, seen_ms);

/** Keeps, for one person on this device, when a level was last on the screen. */
export function eyes(person, storage = globalThis.localStorage) {
  const key = `somalink.seen.${person}`;
  const read = () => { try { const at = storage.getItem(key); return at === null ? null : Number(at); } catch { return null; } };
  return {
    /** Whether a level is on the screen at this moment; the page says. */
    looking: () => false,
    get seen_ms() { return read(); }, saw(now_ms) { try { storage.setItem(key, String(now_ms)); } catch { /* private window: nothing is remembered */ } },
  };
}

/** Seconds a day that charts were on the screen: `tick` adds, gives the seconds so far. Day is any word that names the local day. */
export function meter(person, storage = globalThis.localStorage) {
  const key = `somalink.viewed.${person}`;
  const read = day => { try { const kept = JSON.parse(storage.getItem(key) ?? '{}'); return kept.day === day ? kept : { day, s: 0, told: false }; } catch { return { day, s: 0, told: false }; } };
  const write = kept => { try { storage.setItem(key, JSON.stringify(kept)); } catch { /* as above */ } return kept; };
  return {
    seconds: day => read(day).s,
    tick(day, s) { const kept = read(day); return write({ ...kept, s: kept.s + s }).s; },
    /** True once a day. */
    tell(day) { const kept = read(day); if (kept.told) return false; write({ ...kept, told: true }); return true; },
  };
}
