/* What else there is than the breath: letting muscles go, 5-4-3-2-1 with open eyes, one's own list; and what to know before any of it. Scripts
   are a step at a time, in large words, at the person's own pace; read aloud on request, and then they go on by themselves. */
import { h } from './kit.js';
import { language, t } from './texts.js';

/** How many steps each script has, and how long a voice waits after one, in seconds. The terminal has the same (`somalink.cli.breathing`). */
export const SCRIPTS = { muscle_release: { steps: 9, pauseS: 14 }, grounding: { steps: 7, pauseS: 12 } };
const WHEN_TO_ASK = [1, 2, 3, 4];

const button = (name, text, onclick) => h(`button.btn${name}`, { type: 'button', onclick }, text);

/** Doors to everything but the breath. */
export function choices({ app, onScript, onOwn, onBack }) {
  const door = (title, what, onclick) => h('li', {}, h('button.door', { type: 'button', onclick }, h('b', {}, title), h('span', {}, what)));
  return h('section.other', {},
    h('h1', { tabindex: '-1' }, t('breathe.else')),
    h('ul.doors', {},
      door(t('breathe.grounding'), t('breathe.grounding_what'), () => onScript('grounding')),
      door(t('breathe.muscle_release'), t('breathe.muscle_release_what'), () => onScript('muscle_release')),
      door(t('breathe.own'), lines(app.choices.own_list)[0] ?? t('breathe.own_what'), onOwn)),
    button('.quiet', t('breathe.to_breath'), onBack));
}

const canSpeak = () => 'speechSynthesis' in window;

/** One script, from its first step to its last. `onEnd(completed)` when it is over, `onLeave` when somebody goes before. */
export function script(kind, { onEnd }) {
  const { steps, pauseS } = SCRIPTS[kind];
  let k = 1, aloud = false, timer;
  const words = h('p.step', { tabindex: '-1' }), count = h('p.small.num'), next = button('.go', '', () => go(k + 1)), back = button('', t('breathe.back'), () => go(k - 1));
  const voice = canSpeak() ? button('.quiet', '', () => { aloud = !aloud; say(); paint(); }) : null;
  const el = h('section.script', {},
    h('h1', {}, t(`breathe.${kind}`)), count, h('div.step-room', {}, words),
    h('div.row', {}, back, next), h('div.row', {}, voice, button('.quiet', t('breathe.stop'), () => end(false))));

  function paint() {
    words.textContent = t(`breathe.${kind}_${k}`);
    count.textContent = t('breathe.of', { n: k, of: steps });
    next.textContent = t(k === steps ? 'breathe.finish' : 'breathe.next');
    back.disabled = k === 1;
    if (voice) { voice.textContent = t(aloud ? 'breathe.aloud_stop' : 'breathe.aloud'); voice.setAttribute('aria-pressed', String(aloud)); }
  }
  function say() {
    clearTimeout(timer);
    if (!canSpeak()) return;
    speechSynthesis.cancel();
    if (!aloud) return;
    const said = new SpeechSynthesisUtterance(t(`breathe.${kind}_${k}`));
    Object.assign(said, { lang: language, rate: .88, onend: () => { if (aloud) timer = setTimeout(() => go(k + 1), pauseS * 1000); } });
    speechSynthesis.speak(said);
  }
  function go(to) {
    if (to > steps) return end(true);
    k = Math.max(1, to);
    paint();
    words.focus({ preventScroll: true });
    say();
  }
  function end(completed) { leave(); onEnd(completed); }
  function leave() { clearTimeout(timer); aloud = false; if (canSpeak()) speechSynthesis.cancel(); }
  paint();
  return { el, leave, focus: () => words.focus({ preventScroll: true }), get step() { return k; } };
}

export const lines = text => (text ?? '').split('\n').map(line => line.trim()).filter(Boolean);

/** The wearer's own list; `onKeep(text)` when it was changed. What people wrote is only ever text. */
export function own(text, { onKeep, onBack, editing = false }) {
  const title = h('h1', { tabindex: '-1' }, t('breathe.own'));
  if (editing) {
    const field = h('textarea', { id: 'own-list', rows: '8', maxlength: '2000', value: text ?? '' });
    return h('form.other', { onsubmit: e => { e.preventDefault(); onKeep(field.value); } },
      title, h('label.small', { for: 'own-list' }, t('breathe.own_what')), field,
      h('div.row', {}, h('button.btn.go', { type: 'submit' }, t('breathe.own_save')), button('', t('breathe.cancel'), () => onKeep(null))));
  }
  const things = lines(text);
  return h('section.other', {}, title,
    things.length ? h('ul.own', {}, things.map(thing => h('li', {}, thing))) : h('p.small', {}, `${t('breathe.own_empty')} ${t('breathe.own_what')}`),
    h('div.row', {}, button(things.length ? '' : '.go', t('breathe.own_edit'), () => onKeep(undefined)), button('.quiet', t('breathe.to_breath'), onBack)));
}

/** What to know before one breathes: how, when to stop, who should ask first, and what else there is. */
export function safety() {
  const list = keys => h('ul', {}, keys.map(key => h('li', {}, t(`breathe.safety_${key}`))));
  return h('div.safety', {},
    h('h2', {}, t('breathe.safety_how')), list(['how_1', 'how_2']),
    h('h2', {}, t('breathe.safety_stop')), list(['stop_1', 'stop_2']),
    h('h2', {}, t('breathe.safety_ask')), list(WHEN_TO_ASK.map(n => `ask_${n}`)),
    h('h2', {}, t('breathe.safety_panic')), list(['panic_1', 'panic_2']),
    h('p.tiny', {}, t('breathe.safety_not')));
}

/** For who does not feel well while breathing. */
export function unwell({ onGrounding, onClose }) {
  return h('section.other.unwell', {},
    h('h1', { tabindex: '-1' }, t('breathe.unwell_title')),
    h('ol', {}, [1, 2, 3].map(n => h('li', {}, t(`breathe.unwell_${n}`)))),
    h('p.help', {}, t('breathe.unwell_4')),
    h('div.row', {}, button('.go', t('breathe.close'), onClose), button('', t('breathe.open_eyes'), onGrounding)));
}
