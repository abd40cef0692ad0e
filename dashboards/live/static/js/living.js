/* While a made-up life is being lived: how far it is, and its last days as they come. Says nothing of now, since now is not there yet. */
import * as api from './api.js';
import { h } from './kit.js';
import { number, t } from './texts.js';
import { DAYS, weekTable } from './week.js';

const AGAIN_MS = 1500, SHOWN = 7;

export function living(root, app) {
  const bar = h('progress', { max: 1, value: app.status.lived, 'aria-label': t('living.head') }), said = h('p.small.num', {}), days = h('div', {});
  root.replaceChildren(h('main.now-page', {}, h('div.what', {}, h('section.card.now', {}, h('h1', { tabindex: '-1' }, t('living.head')), h('p.sub', {}, t('living.sub')), bar, said), h('section.card', {}, h('h2', {}, t('living.days')), days))));
  let table = null, ended = false, timer;
  async function draw() {
    try {
      await app.refresh();
      if (ended) return;
      if (app.status.lived === null || app.status.lived === undefined) { ended = true; app.go('/'); return; }
      bar.value = app.status.lived;
      said.textContent = t('living.share', { percent: number(100 * app.status.lived) });
      const lived = (await api.get('/days', { n: DAYS })).filter(day => day.worn_h > 0).slice(-SHOWN);
      if (ended) return;
      if (lived.length) { table?.end(); table = weekTable(lived); days.replaceChildren(table.table); table.redraw(); }
    } catch { /* asked again in a moment */ }
    if (!ended) timer = setTimeout(draw, AGAIN_MS);
  }
  draw();
  return () => { ended = true; clearTimeout(timer); table?.end(); };
}
