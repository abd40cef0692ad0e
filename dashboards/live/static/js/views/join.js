/* A device joins with a one-time token, which comes after the `#` of the address (so that no server log has it) or is typed by hand. */
import { get, post } from '../api.js';
import { h } from '../kit.js';
import { t } from '../texts.js';

/** The token out of what was pasted: a whole link or the bare token. */
export const tokenIn = text => text.trim().split('#').at(-1).replaceAll(/\s/g, '');

export async function show(root) {
  const token = tokenIn(location.hash);
  if (location.hash) history.replaceState(null, '', '/join');
  const heading = h('h1', { tabindex: '-1' }), said = h('p.said', { role: 'status' }), after = h('div.stack');
  const input = h('input', { id: 'token', name: 'token', type: 'text', autocomplete: 'off', autocapitalize: 'none', autocorrect: 'off', spellcheck: 'false', enterkeyhint: 'go', required: true, dir: 'ltr' });
  const form = h('form.by-hand', { hidden: true, onsubmit: e => { e.preventDefault(); join(tokenIn(input.value)); } },
    h('div.field', {}, h('label', { for: 'token' }, t('join.by_hand')), input, h('small', {}, t('join.by_hand_text'))), h('button.btn.go', { type: 'submit' }, t('join.join')));
  root.replaceChildren(h('main.ask.narrow', {}, h('section.card.join', {}, h('b.brand-word', {}, 'somalink'), heading, said, after, form)));

  function state(key, { byHand = true, text = '', link = null } = {}) {
    heading.textContent = t(`join.${key}`);
    said.textContent = text || t(`join.${key}_text`);
    after.replaceChildren(...(link ? [link] : []));
    form.hidden = !byHand;
    heading.focus({ preventScroll: true });
  }

  async function join(given) {
    if (!given) { state('nothing'); return; }
    state('joining', { byHand: false });
    try { await post('/join', { token: given }); } catch (error) {
      if (error.status === 401 || error.status === 400 || error.status === 422) state('used');
      else if (error.status === 429) state('too_often');
      else if (error.status === 403) state('elsewhere', { text: [error.what, error.nextStep].filter(Boolean).join(' ') });
      else state('unreached', { link: h('button.btn.go', { type: 'button', onclick: () => join(given) }, t('join.again')) });
      return;
    }
    location.replace('/');
  }

  if (token) { join(token); return; }
  try {
    const { display_name: name } = await get('/status');
    state('already', { byHand: false, text: t('join.already_text', { name }), link: h('a.btn.go', { href: '/' }, t('join.to_page')) });
  } catch (error) { state(error.status === 401 ? 'nothing' : 'unreached'); }
}
