// The effects of the core in 2,000 drawn scenarios against those of effects.golden.txt: every twentieth
// every day, all of them in CI. A change that is meant to change them is recorded by scripts/record-effects.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from '../support/test.js';
import { digestOf, journalOf, SUITES } from './effects.js';

const GOLDEN = new URL('../../../test/sim/effects.golden.txt', import.meta.url);
const { env } = process;
const RECORD = env['RECORD_EFFECTS'] === '1';
/** Every day a twentieth of them; SHARE=1 for all, as a change of the core needs. */
const SHARE = Number(env['SHARE'] ?? (RECORD || env['CI'] === 'true' ? 1 : 0.05));
const REPEAT = 'node --enable-source-maps dist/test/sim/effects.test.js';

const HEAD =
  '# suite, number, digest of what was drawn, digest of all effects. Written by scripts/record-effects.';

/** By `suite number`. */
const readGolden = (): Map<string, string> =>
  new Map(
    readFileSync(GOLDEN, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const [name, number, ...digests] = line.split(' ');
        return [`${name} ${number}`, digests.join(' ')];
      }),
  );

function complaint(at: string, expected: string | undefined, actual: string): string | null {
  if (expected === actual) return null;
  const [drawn] = actual.split(' ');
  return expected?.startsWith(`${drawn} `) === true
    ? `${at}: other effects; \`SHOW='${at}' ${REPEAT}\` prints what happens, to be compared with the commit before`
    : `${at}: another scenario is drawn, so nothing is said about the core; record anew: scripts/record-effects`;
}

const shown = env['SHOW'];
if (shown !== undefined) {
  const [name, number] = shown.split(' ');
  const scenario = SUITES.find((one) => one.name === name)
    ?.draw(Number(number) + 1)
    .at(-1);
  assert.ok(scenario, `SHOW='suite number' of ${SUITES.map((one) => one.name).join(', ')}`);
  console.log(journalOf(scenario).join('\n'));
} else {
  describe('the effects of the core in drawn scenarios', () => {
    const recorded: string[] = [];
    const golden = RECORD ? new Map<string, string>() : readGolden();
    for (const { name, scenarios, draw } of SUITES) {
      it(`${name}: as recorded, in the same order`, () => {
        const found: string[] = [];
        for (const [number, scenario] of draw(Math.ceil(scenarios * SHARE)).entries()) {
          const at = `${name} ${number}`;
          const digest = digestOf(scenario);
          recorded.push(`${at} ${digest}`);
          const wrong = RECORD ? null : complaint(at, golden.get(at), digest);
          if (wrong !== null) found.push(wrong);
        }
        assert.deepEqual(found.slice(0, 10), [], `${found.length} scenarios differ`);
      });
    }
    it('all are recorded', () => {
      const total = SUITES.reduce((sum, { scenarios }) => sum + scenarios, 0);
      if (RECORD) writeFileSync(GOLDEN, `${[HEAD, ...recorded].join('\n')}\n`);
      assert.equal(readGolden().size, total);
    });
  });
}
