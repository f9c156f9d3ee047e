// SIGKILL of a process of either side at steps of a change between two real agents that follow each other. Every step,
// with processes: `scripts/bench sync --kills`; with keepers in memory: follow-lost.test.ts. In CI only: it starts programs.
import assert from 'node:assert/strict';
import { after, before, describe, it } from '../support/test.js';
import { enterNamespace } from '../support/namespace.js';
import { KILL_AT, killed, STEPS } from './kills.js';
import { RealPair } from './real-pair.js';

const skip =
  process.env['CI'] === 'true' ? enterNamespace(import.meta.url) : 'starts programs: in CI only';

/** A service that dies again and again is given longer and longer; a new agent begins anew. */
const CHOSEN = [
  ['receiver: the note is written', 'service'],
  ['receiver: the file is replaced', 'agent'],
  ['receiver: the version is recorded', 'service'],
  ['author: the note is written', 'agent'],
  ['author: the file is replaced', 'service'],
] as const;

describe('killed while settings go from one to the other', { skip }, () => {
  const pair = new RealPair(KILL_AT);
  before(async () => {
    await pair.start('follow');
    await pair.agents.a.transition('Active');
  });
  after(() => pair.end());

  CHOSEN.forEach(([step, victim], index) => {
    it(`${victim}, ${step}: both have the former settings, or both the new ones`, async () => {
      const found = STEPS.find((one) => one.step === step) ?? assert.fail(step);
      const value = 10 + index;
      const outcome = await killed(pair, { ...found, victim }, value);
      const either = new Set([outcome.former, String(value)]);
      assert.ok(either.has(outcome.finally), JSON.stringify(outcome));
      for (const text of outcome.atOnce) assert.ok(either.has(text), JSON.stringify(outcome));
    });
  });
});
