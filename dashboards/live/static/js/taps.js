/* A tap that comes at once after one that saved is the same finger: a double tap, or what lies beneath a sheet that has just closed. */

export const ECHO_MS = 800;
let last = -Infinity;
export const saved = (at = performance.now()) => { last = at; };
export const echo = (at = performance.now()) => at - last < ECHO_MS;
/** What a tap does, unless it is an echo. */
export const unlessEcho = act => e => { if (!echo(e?.timeStamp)) act(e); };
