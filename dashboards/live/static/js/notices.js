/* A notice of the system, for when the page is open and not looked at: one neutral sentence, the same for every prompt, never a value.
   It needs three things said yes to: the choice `consent_notices`, this device (kept on the device), and the browser. Made by the page
   itself; nothing is sent to anybody. */
import { t } from './texts.js';

const KEY = 'somalink.notices';

/** '' where a notice can be shown; else why not: `insecure` (plain http from another device), `missing` (not in this browser), `refused`. */
export function hindered() {
  if (!isSecureContext) return 'insecure';
  if (!('Notification' in window)) return 'missing';
  return Notification.permission === 'denied' ? 'refused' : '';
}

export const on = choices => !hindered() && Notification.permission === 'granted' && localStorage.getItem(KEY) === 'yes' && choices.consent_notices === 'yes';

/** Asks the browser and keeps the answer for this device; true when notices can come. */
export async function switchOn() {
  if (hindered() || await Notification.requestPermission() !== 'granted') return false;
  localStorage.setItem(KEY, 'yes');
  return true;
}

export const switchOff = () => localStorage.removeItem(KEY);

/** Shows one; gives back what takes it away. */
export function notice() {
  const how = { body: t('prompt.notice'), tag: 'somalink', silent: true, icon: '/static/icon.svg' };
  try {
    const shown = new Notification('somalink', how);
    shown.onclick = () => { window.focus(); shown.close(); };
    return () => shown.close();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;     // phones: only a service worker may
    const worker = navigator.serviceWorker?.getRegistration();
    worker?.then(r => r?.showNotification('somalink', how));
    return () => worker?.then(r => r?.getNotifications({ tag: how.tag })).then(all => all?.forEach(each => each.close()));
  }
}
