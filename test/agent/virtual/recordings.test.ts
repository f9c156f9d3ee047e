// What real drivers gave the core in virtual time, and what it answered, event by event, against the files
// of recordings/. A change that is meant to change the answers is recorded by scripts/record-effects.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, it } from '../../support/test.js';
import { answers, format, parse, RUNS } from './recordings.js';

const FOLDER = new URL('../../../../test/agent/virtual/recordings/', import.meta.url);
const SIDES = ['a', 'b'] as const;

if (process.env['RECORD_EFFECTS'] === '1') {
  describe('recordings', () => {
    for (const [name, run] of Object.entries(RUNS)) {
      it(`${name} is recorded`, async () => {
        const pair = await run();
        for (const side of SIDES) {
          const file = `${name.replaceAll(' ', '-')}-${side}.jsonl`;
          const text = format(pair[side].driver.recorder.recording());
          assert.ok(text.includes('"transition"'), `${file}: something happens`);
          writeFileSync(new URL(file, FOLDER), text);
        }
      });
    }
  });
} else {
  describe('the core answers each recorded event as it did', () => {
    for (const file of readdirSync(FOLDER).toSorted()) {
      it(file, () => {
        const { beginning, lines } = parse(readFileSync(new URL(file, FOLDER), 'utf8'));
        for (const [number, found] of answers(beginning, lines).entries()) {
          // From JSON, as what is expected was.
          const { effects, deadline } = JSON.parse(JSON.stringify(found)) as typeof found;
          const { event, ...expected } = lines[number] ?? found;
          const at = `event ${number + 1}, ${event.kind}`;
          assert.deepEqual(
            { effects, deadline },
            { effects: expected.effects, deadline: expected.deadline },
            at,
          );
        }
      });
    }
    it('of every run, both sides', () => {
      assert.equal(readdirSync(FOLDER).length, SIDES.length * Object.keys(RUNS).length);
    });
  });
}
