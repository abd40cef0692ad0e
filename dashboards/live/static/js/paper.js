/* A report as a file: asked for, made where somalink runs, and handed to the browser to keep. */
import { ApiError } from './api.js';
import { h } from './kit.js';
import { t } from './texts.js';

const FORMATS = ['html', 'pdf'];

/** Two buttons and what became of them. `weeks()`: how far back; `made()` is called when there is one. */
export function reportButtons({ weeks, made = () => {} }) {
  const said = h('p.small', { role: 'status' });
  let busy = false;
  async function make(format) {
    if (busy) return;
    busy = true;
    said.textContent = t('findings.report_making');
    try {
      const answer = await fetch(`/api/v1/report?weeks=${weeks()}&format=${format}`, { credentials: 'same-origin', cache: 'no-store', headers: { 'X-Somalink': '1' } });
      if (!answer.ok) throw new ApiError(answer.status);
      hand(await answer.blob(), /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? `somalink.${format}`);
      said.textContent = t('findings.report_made');
      made();
    } catch (error) { said.textContent = t(error.status === 403 ? 'findings.report_withheld' : 'findings.report_not_made'); }
    busy = false;
  }
  return h('div.paper', {}, h('div.pair', {}, FORMATS.map(format => h('button.btn', { type: 'button', 'data-format': format, onclick: () => make(format) }, t(`findings.report_${format}`)))), said);
}

function hand(blob, name) {
  const url = URL.createObjectURL(blob), link = h('a', { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
