/* What a planned step came to: how much of what was feared did happen, a number about its tag. Kept here first and sent when it can be. */
import * as api from './api.js';
import { scale } from './kit.js';
import { mine, send } from './queue.js';
import { t } from './texts.js';

export const OF_EVENT = 'event/', STEP = 'exposure_step';

/** The newest outcome of a tag, of those the server knows and those that wait here; null where none was given. */
export function outcomeOf(id, ratings, rows) {
  const about = OF_EVENT + id, all = [...ratings, ...rows.filter(row => row.kind === 'rating' && !row.parked).map(row => row.body)].filter(r => r.kind === 'outcome' && r.prompt_id === about);
  return all.length ? all.reduce((a, b) => (BigInt(b.t_ns) >= BigInt(a.t_ns) ? b : a)).value : null;
}

/** Outcomes on one page. `blind(ms)`: whether nothing was seen since. `changed()` after each. */
export function outcomes({ blind, changed = () => {} }) {
  let known = [];
  return {
    read(ratings) { const fresh = new Set(ratings.map(r => r.id)); known = [...ratings, ...known.filter(r => r.own && !fresh.has(r.id))]; },
    of: id => outcomeOf(id, known, mine()),
    async rate(id, value) {
      const t_ns = api.nowNs(), body = { id: api.uuid(), t_ns, kind: 'outcome', value, prompt_id: OF_EVENT + id, blind: blind(api.ms(t_ns)) };
      known = [...known, { ...body, own: true }];
      changed();
      await send({ kind: 'rating', id: body.id, method: 'POST', path: '/ratings', body });
    },
  };
}

export const outcomeScale = (name, value, onchange) => scale(name, t('tags.outcome'), t('tags.outcome.low'), t('tags.outcome.high'), value, onchange);
