/* The breath heard and felt. Laid out half by half a little ahead of time, on the audio clock, so that a hidden tab breathes on and no timer's
   lateness is heard. Soft on purpose: two low voices that rise and sink, no bell. */
import { halves } from './pacer.js';

const AHEAD_MS = 1_500, EVERY_MS = 300, LOW_HZ = 146.8, HIGH_HZ = 196, LOUD = .075;
const FELT = { in: [180], out: [60, 120, 60] };

/** `wants()`: {sound, vibration} as they are chosen now. `clock()` as the pacer's. Gives what ends it. */
export function cues(pace, { wants, clock }) {
  let context, laid = -Infinity;
  const timers = new Set();

  function tone({ half, lengthMs }, inMs) {
    context ??= new (window.AudioContext ?? window.webkitAudioContext)();
    if (context.state === 'suspended') context.resume();
    const at = context.currentTime + Math.max(0, inMs) / 1000, length = lengthMs / 1000, [from, to] = half === 'in' ? [LOW_HZ, HIGH_HZ] : [HIGH_HZ, LOW_HZ];
    const gain = context.createGain();
    gain.connect(context.destination);
    gain.gain.setValueAtTime(.0001, at);
    gain.gain.linearRampToValueAtTime(half === 'in' ? LOUD : LOUD * .8, at + length * (half === 'in' ? .6 : .25));
    gain.gain.linearRampToValueAtTime(.0001, at + length * .97);
    for (const [times, share] of [[1, 1], [1.5, .28]]) {
      const voice = context.createOscillator(), part = context.createGain();
      voice.type = 'sine';
      part.gain.value = share;
      voice.frequency.setValueAtTime(from * times, at);
      voice.frequency.linearRampToValueAtTime(to * times, at + length);
      voice.connect(part).connect(gain);
      voice.start(at);
      voice.stop(at + length);
    }
  }

  function lay() {
    const now = clock(), until = now + AHEAD_MS, { sound, vibration } = wants();
    for (const each of halves(pace, Math.max(laid, now - EVERY_MS), until)) {
      if (sound) tone(each, each.atMs - now);
      if (vibration && navigator.vibrate) {
        const timer = setTimeout(() => { timers.delete(timer); navigator.vibrate(FELT[each.half]); }, Math.max(0, each.atMs - now));
        timers.add(timer);
      }
    }
    laid = until;
  }

  const every = setInterval(lay, EVERY_MS);
  lay();
  return () => {
    clearInterval(every);
    timers.forEach(clearTimeout);
    navigator.vibrate?.(0);
    context?.close();
  };
}

/** Keeps the screen on while it lasts, where the browser can (not over plain http). Gives what ends it. */
export function awake() {
  let lock, ended = false;
  const hold = async () => {
    if (document.visibilityState !== 'visible' || ended) return;
    try { lock = await navigator.wakeLock?.request('screen'); if (ended) lock?.release(); } catch { /* a screen that goes dark is no fault */ }
  };
  document.addEventListener('visibilitychange', hold);
  hold();
  return () => { ended = true; document.removeEventListener('visibilitychange', hold); lock?.release().catch(() => {}); };
}
