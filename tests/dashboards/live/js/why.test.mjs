/* The ledger: what could still colour an answer is held back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldBack } from '../../../../dashboards/live/static/js/views/why.js';

const MIN = 60_000, NOW = 1000 * MIN, at = ago => NOW - ago * MIN;
const asked = ago => ({ t_ms: at(ago), asked: true, arm: 'offer', reason: '' }), withheld = ago => ({ t_ms: at(ago), asked: false, arm: 'withheld', reason: '' });
const not = (ago, reason) => ({ t_ms: at(ago), asked: false, arm: '', reason });
const seen = rows => { const { listed, held } = heldBack(rows, NOW); return listed.map(row => [row.reason || row.arm, held.has(row)]); };

test('a reason is held for thirty-one minutes', () => {
  assert.deepEqual(seen([asked(30), not(5, 'gate')]), [['gate', false], ['offer', true]]);
  assert.deepEqual(seen([asked(32)]), [['offer', false]]);
});

test('what says it was asked before is held as long as the row it follows', () => {
  for (const reason of ['cooldown', 'cap']) {
    assert.deepEqual(seen([not(25, reason), asked(20), not(5, reason)]), [[reason, true], ['offer', true], [reason, false]]);
    assert.deepEqual(seen([asked(40), not(5, reason)]), [[reason, false], ['offer', false]]);
  }
});

test('what chance left out is left out while it is held, and what follows it too', () => {
  assert.deepEqual(seen([withheld(20), not(5, 'cooldown'), not(4, 'gate')]), [['gate', false]]);
  assert.deepEqual(seen([withheld(40), not(5, 'cooldown')]), [['cooldown', false], ['withheld', false]]);
});
