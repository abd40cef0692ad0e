/* The prompt as the wearer meets it. The same screen for a risen and a random one: nothing here knows which it is. It comes without being
   in the way (full height on a phone, a corner card on a wide page, a line while something is being written), can be put aside, and goes
   by itself when its time is over. `shown` is answered only once the page is in front of somebody. */
import { get, now, nowNs, uuid } from './api.js';
import { dayTo } from './choosing.js';
import { $, $$, h, say, scale } from './kit.js';
import * as notices from './notices.js';
import { send } from './queue.js';
import { clock, t } from './texts.js';

const HELD = ['welcome', 'join'];
const NOT_NOW_MS = 120_000, THANKS_MS = 15_000, ANSWER_MS = 6_000;
const WIDE = matchMedia('(min-width: 900px)');
const DISMISS = { prompt: 'not_now', asked: 'not_now', offer: 'no_thanks', rating: 'skipped' };

export function prompts(app) {
  let open = null, aside = false, before = null, timer, unnotice = () => {}, mutedUntil = 0;
  const settled = new Set(), shown = new Set();
  const name = prompt => `${prompt.id} ${prompt.screen}`;

  const panel = h('section.prompt.ask', { role: 'dialog', 'aria-labelledby': 'prompt-ask', hidden: true, onkeydown: e => { if (e.key === 'Escape') { e.stopPropagation(); dismiss(); } } });
  const line = h('aside.prompt-line', { hidden: true });
  $('#skip').after(panel);
  $('#view').before(line);

  // ---------------------------------------------------------------- the screens

  const button = (kind, text, act) => h(`button.btn${kind && `.${kind}`}`, { type: 'button', onclick: act }, text);
  const heading = (first, more) => h('h2.question', { id: 'prompt-ask', tabindex: '-1' }, first, more && ' ', more && h('small', {}, more));
  const stack = (...inside) => h('div.stack', {}, ...inside);
  const note = (...inside) => h('p.tiny.under', {}, ...inside);
  const breathe = kind => button(kind, t('prompt.breathe', { n: app.choices.breath_min }), () => answer('breathe'));
  const tag = kind => button(kind, t('prompt.tag'), () => answer('tag'));

  const SCREENS = {
    prompt: () => [heading(t('prompt.ask'), t('prompt.ask_more')),
      stack(tag('go'), breathe(''), h('div.two', {}, button('quiet', t('prompt.not_now'), () => answer('not_now')), button('quiet', t('prompt.wrong'), () => answer('wrong')))),
      note(t('prompt.note', { n: app.choices.prompt_cap, until: clock(open.until_ms) }), ' ', h('a', { href: '/prompts', onclick: () => putAside() }, t('prompt.why')), h('a', { href: '/settings#hard', onclick: () => putAside() }, t('settings.h_hard')))],
    asked: () => [heading(t('prompt.moving')),
      stack(button('', t('prompt.yes_moving'), () => answer('moving')), button('', t('prompt.no'), () => answer('still')), button('quiet', t('prompt.not_now'), () => answer('not_now'))),
      note(t(open.early ? 'prompt.early_note' : 'prompt.moving_note'))],
    offer: () => [heading(t('prompt.thank_you'), t('prompt.offer')),
      stack(breathe('go'), tag(''), button('quiet', t('prompt.no_thanks'), () => answer('no_thanks'))),
      note(t('prompt.offer_note'), ' ', h('a', { href: '/breathe#else', onclick: () => answer('no_thanks', true) }, t('prompt.show_those')))],
    thanks: () => [heading(t('prompt.thank_you'), t('prompt.thats_all')), stack(button('', t('prompt.close'), close))],
    notnow: () => [heading(t('prompt.all_right'), t('prompt.how_long')),
      stack(button('', t('prompt.just_this'), close), button('', t('prompt.one_hour'), () => quiet('not_now_hour')), button('', t('prompt.rest_of_today'), () => quiet('not_now_today'))),
      note(t('prompt.how_long_note'))],
    rating: () => [heading(t('prompt.later')),
      h('div.asks', {}, ['distress', 'belonging'].map(kind => h('fieldset', {}, h('legend', {}, t(`prompt.${kind}`)),
        scale(`rating-${kind}`, t(`prompt.${kind}`), t('prompt.lowest'), t(`prompt.${kind}_highest`))))),
      stack(button('go', t('prompt.done'), rated), button('quiet', t('prompt.skip'), () => answer('skipped'))), note(t('prompt.one_enough'))],
  };

  // ---------------------------------------------------------------- come and go

  const writing = () => document.activeElement?.matches?.('textarea, input:not([type=radio], [type=checkbox], [type=range], [type=button]), select') || $('dialog[open]');
  const held = () => HELD.includes($('#view').dataset.view) || $('#view [data-running]');

  function show(prompt) {
    const same = open && name(open) === name(prompt);
    if (same && open.until_ms === prompt.until_ms) return;
    const first = !open;
    open = prompt;
    if (!same) {
      if (first) { before = document.activeElement; aside = Boolean(writing()); }
      const screen = SCREENS[prompt.screen]();
      panel.replaceChildren(h('div.step', {}, h('b', {}, 'somalink'), h('span.num', {}, clock(now())),
        button('quiet', t('prompt.aside'), putAside)), h('div.screen', {}, ...screen));
      line.replaceChildren(h('span', {}, t('prompt.waiting', { until: clock(prompt.until_ms) })), button('quiet', t('prompt.open'), () => { aside = false; fit(true); }));
      if (first && !held()) say(panel.querySelector('h2').textContent);
    }
    if (first && !looking() && notices.on(app.choices)) unnotice = notices.notice();
    clearTimeout(timer);
    timer = setTimeout(expire, Math.min(Math.max(0, prompt.until_ms - now()), 2 ** 31 - 1));
    fit(!same && (!first || (!WIDE.matches && !aside)));
  }

  /** Where it stands: panel, card or line; on a phone what lies under the panel is out of reach while it is up. */
  function fit(focus = false) {
    const here = Boolean(open) && !held();
    panel.hidden = !here || aside;
    line.hidden = !here || !aside;
    line.setAttribute('aria-label', t('prompt.region'));
    const over = !panel.hidden && !WIDE.matches;
    for (const el of document.body.children) if (el !== panel && el.id !== 'said-aloud') el.inert = over;
    if (focus && !panel.hidden) panel.querySelector('h2').focus({ preventScroll: true });
    markShown();
  }

  function putAside() { aside = true; fit(); if (document.activeElement === document.body) $('#view').focus({ preventScroll: true }); }

  function close() {
    const inside = panel.contains(document.activeElement) || line.contains(document.activeElement);
    clearTimeout(timer);
    if (open?.screen === 'thanks') settled.add(name(open));
    open = null; aside = false;
    unnotice(); unnotice = () => {};
    fit();
    if (inside) (before?.isConnected && before !== document.body ? before : $('#view')).focus({ preventScroll: true });
  }

  function expire() {
    if (!open) return;
    if (open.until_ms > now() + 50) { timer = setTimeout(expire, open.until_ms - now()); return; }
    settled.add(name(open));
    close();
  }

  // ---------------------------------------------------------------- what is said to it

  const looking = () => document.visibilityState === 'visible' && document.hasFocus();
  /** Kept on this device, then sent; gives what the server said to it, or null when it could not be told yet. */
  async function tell(id, word) {
    const { done } = await send({ kind: 'answers', id: uuid(), method: 'POST', path: '/answers', body: { prompt_id: id, answer: word, said_at_ns: nowNs() } });
    const outcome = await done;
    return outcome.state === 'sent' ? outcome.answer : null;
  }

  function markShown() {
    if (!open || open.own || (panel.hidden && line.hidden) || !looking() || $('dialog[open]') || shown.has(name(open))) return;
    shown.add(name(open));
    unnotice(); unnotice = () => {};
    if (open.screen !== 'offer' && open.screen !== 'thanks') tell(open.id, 'shown').catch(() => {});
  }

  async function answer(word, leaving = false) {
    const { id } = open;
    settled.add(name(open));
    for (const each of $$('button', panel)) each.disabled = true;
    const sent = tell(id, word).catch(() => null);
    if (word === 'tag' || word === 'breathe' || leaving) {
      close();
      if (!leaving) app.go(word === 'tag' ? `/?tag=1` : `/breathe?prompt=${encodeURIComponent(id)}`);
      return;
    }
    if (word === 'not_now') { show({ id, screen: 'notnow', until_ms: now() + NOT_NOW_MS, own: true }); return; }
    if (word === 'rated' || word === 'skipped') { close(); say(t('prompt.thank_you')); return; }
    const said = await Promise.race([sent, new Promise(done => { setTimeout(done, ANSWER_MS, null); })]);
    const next = said?.prompt;
    if (next && !settled.has(name(next))) show({ ...next, ...(next.screen === 'thanks' ? { until_ms: now() + THANKS_MS } : {}) });
    else show({ id, screen: 'thanks', until_ms: now() + THANKS_MS, own: true });
  }

  function quiet(word) {
    const { id } = open;
    mutedUntil = word === 'not_now_hour' ? now() + 3_600_000 : dayTo(app);
    close();
    say(t('prompt.quiet_now', { until: clock(mutedUntil) }));
    tell(id, word).then(() => app.refresh()).catch(() => {});
  }

  function rated() {
    const given = $$('.asks input:checked', panel);
    for (const { name: field, value } of given) {
      const id = uuid();
      send({ kind: 'ratings', id, method: 'POST', path: '/ratings', body: { id, t_ns: nowNs(), kind: field.slice('rating-'.length), value: Number(value), prompt_id: open.id } }).catch(() => {});
    }
    answer(given.length ? 'rated' : 'skipped');
  }

  function dismiss() { const word = DISMISS[open?.screen]; if (word) answer(word); else if (open) close(); }

  // ---------------------------------------------------------------- when to look

  async function ask() {
    let prompt;
    try { ({ prompt } = await get('/prompts/open')); } catch { return; }
    if (!prompt || prompt.until_ms <= now() || !(prompt.screen in SCREENS)) { if (open && !open.own) close(); return; }
    if (settled.has(name(prompt)) || open?.own || (prompt.screen !== 'rating' && mutedUntil > now())) return;
    show(prompt);
  }

  app.listeners.add(event => { if (event === 'prompt' || event === 'open' || (event === 'changed' && open)) ask(); });
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') { if (open) expire(); markShown(); ask(); } });
  addEventListener('focus', markShown);
  document.addEventListener('close', markShown, true);
  WIDE.addEventListener('change', () => fit());
  new MutationObserver(() => { if (open) fit(); }).observe($('#view'), { attributes: true, subtree: true, attributeFilter: ['data-view', 'data-screen'] });
  ask();
}
