/* One view at a time, though views take their time to be drawn: what comes too late is ended as soon as it is there. */

export function turns() {
  let turn = 0, leave = () => {};
  return {
    /** Ends the view that is on, and begins another. */
    begin() {
      const mine = ++turn, last = leave;
      leave = () => {};
      last();
      const stale = () => mine !== turn;
      return { stale, keep(end = () => {}) { if (stale()) end(); else leave = end; } };
    },
  };
}
