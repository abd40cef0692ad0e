/* Which way is up for a chest sensor: its wearer stands upright and still for ten seconds, and the server says whether that was so. */
import { get, now, post } from './api.js';
import { h, say } from './kit.js';
import { clock, dayAndMonth, t } from './texts.js';

/** To get up, to stand, and until the sensor has told of the last second. */
const READY_S = 3, STAND_S = 10, LATE_S = 3;
const ALL_S = READY_S + STAND_S + LATE_S;

/** What a card holds. `there` hears whether a sensor is recorded that this is for; `ends`: what ends with the view. */
export function standing(ends, there) {
  const box = h('div.stack'), said = h('p', { role: 'status', tabindex: '-1' });
  let timer = 0, told_ms = null;

  const button = word => h('button.btn', { type: 'button', onclick: begin }, t(`upright.${word}`));
  /** What it says now is seen whole, above whatever stands at the foot of the page. */
  const seen = () => box.scrollIntoView({ block: 'nearest' });
  const when = () => told_ms === null ? '' : t('upright.told', { date: dayAndMonth(told_ms), time: clock(told_ms) });

  function rest(text = when(), word = told_ms === null ? 'start' : 'again') {
    said.textContent = text;
    box.replaceChildren(h('p.small', {}, t('upright.text')), said, button(word));
  }

  /** Counted from when it began, so that a page that slept does not count on. */
  function begin() {
    const began = now(), doing = h('p.doing'), left = h('p.left.num', { 'aria-hidden': 'true' });
    box.replaceChildren(doing, left, h('button.btn.quiet', { type: 'button', onclick: () => { stop(); rest(); box.querySelector('button').focus(); } }, t('upright.stop')));
    box.querySelector('button').focus();
    let phase = '';
    const second = () => {
      const passed = (now() - began) / 1000, is = passed < READY_S ? 'ready' : passed < READY_S + STAND_S ? 'stand' : 'moment';
      if (passed > 2 * ALL_S) { stop(); rest(t('upright.too_short')); return; }
      if (passed >= ALL_S) { stop(); ask(); return; }
      left.textContent = is === 'stand' ? String(Math.ceil(READY_S + STAND_S - passed)) : '';
      if (is !== phase) { phase = is; doing.textContent = t(`upright.${is}`); say(doing.textContent); seen(); }
    };
    second();
    timer = setInterval(second, 250);
  }

  function stop() { clearInterval(timer); timer = 0; }

  async function ask() {
    navigator.vibrate?.(200);
    try {
      const { reason } = await post('/upright', {});
      if (!reason) told_ms = now();
      rest(t(`upright.${reason || 'kept'}`), reason ? 'once_more' : 'again');
    } catch (error) { rest(error.what || t('common.not_reached'), 'once_more'); }
    said.focus({ preventScroll: true });
    seen();
  }

  get('/upright').then(known => { told_ms = known.told_ms; rest(); there(known.device !== ''); }).catch(() => there(false));
  ends.push(stop);
  return box;
}
