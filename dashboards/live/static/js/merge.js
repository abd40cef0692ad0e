/* Edits that meet: by field, the later `made_at` wins. And what a list of tags looks like with what is still waiting here laid over it. */

const NOT_FIELDS = new Set(['id', 'revision', 'person', 'made_at_ns', 'received_ns', 'source', 'deleted']);
const plain = value => value === undefined || value === '' || (Array.isArray(value) && !value.length) ? null : value;
const same = (a, b) => JSON.stringify(plain(a)) === JSON.stringify(plain(b));
const later = (a, b) => BigInt(a ?? 0) > BigInt(b ?? 0);

/** Only what differs between two states of a tag, of the fields of the second. */
export const changes = (before, after) => Object.fromEntries(Object.entries(after).filter(([key, value]) => !NOT_FIELDS.has(key) && !same(before[key], value)));

/** The edit `mine` (revision, made_at_ns and changed fields, on top of `base`) after the server said that `current` is the newest.
    Gives the body to send again, or null when nothing of it is left to say. */
export function mergeEdit(mine, base, current) {
  const wins = later(mine.made_at_ns, current.made_at_ns), left = {};
  for (const [key, value] of Object.entries(mine)) {
    if (NOT_FIELDS.has(key) || same(current[key], value)) continue;
    if (wins || (base && key in base && same(current[key], base[key]))) left[key] = value;
  }
  return Object.keys(left).length ? { ...left, revision: current.revision, made_at_ns: mine.made_at_ns } : null;
}

/** A row of the queue after a 409: changed so that it can be sent again, or null when the other edit stands. */
export function mergeRow(row, current) {
  if (row.method === 'PUT') { const body = mergeEdit(row.body, row.base, current); return body && { ...row, body }; }
  if (row.method === 'DELETE') return later(row.made_at_ns, current.made_at_ns) ? { ...row, query: { ...row.query, revision: current.revision } } : null;
  return null;
}

/** Tags as the server knows them, with what waits in the queue laid over: `waiting`, `parked` or `unkept` (not even kept here) on those it touches. Newest moment first. */
export function overlay(events, rows) {
  const all = new Map(events.map(event => [event.id, event]));
  for (const row of rows) {
    if (row.kind !== 'event') continue;
    const mark = row.parked ? { parked: row } : row.unkept ? { unkept: true } : { waiting: true };
    const { revision, ...fields } = row.body ?? {};
    if (row.method === 'POST') all.set(row.id, { revision: 1, ...fields, ...all.get(row.id), ...mark });
    else if (row.method === 'DELETE' && !row.parked) all.delete(row.id);
    else if (all.has(row.id)) all.set(row.id, { ...all.get(row.id), ...fields, ...mark });
  }
  return [...all.values()].sort((a, b) => (BigInt(b.t_ns) > BigInt(a.t_ns) ? 1 : -1));
}

/** The kinds used most, most used first; what ties, and what was never used, in the order of `usual`. */
export function mostUsed(events, usual, n = 4) {
  const count = {};
  for (const { kind } of events) count[kind] = (count[kind] ?? 0) + 1;
  return [...usual].sort((a, b) => (count[b] ?? 0) - (count[a] ?? 0)).slice(0, n);
}
