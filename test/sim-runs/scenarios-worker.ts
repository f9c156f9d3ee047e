// Plays scenarios of every suite, drawn from a seed, and writes for each a digest of all effects and the promise that was
// broken, as a line of JSON. Compares nothing: faults.ts does.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import process from 'node:process';
import * as fc from 'fast-check';
import { watchEffects } from '../sim/effects.js';
import { SUITES, type Suite } from '../sim/suites.js';

function* playAll<Drawn>(
  { name, drawn, build, play }: Suite<Drawn>,
  seed: number,
  numRuns: number,
): Generator<object> {
  for (const [number, one] of fc.sample(drawn, { seed, numRuns }).entries()) {
    const hash = createHash('sha256');
    const stage = build(one, false);
    watchEffects(stage, hash);
    let broken: string | null = null;
    try {
      play(stage, one);
    } catch (error) {
      broken = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    }
    yield { at: `${name} ${number}`, digest: hash.digest('hex').slice(0, 16), broken };
  }
}

const [seed = '1', scenarios = '1', ...names] = process.argv.slice(2);
const suites = SUITES.filter(({ name }) => names.includes(name));
// In turns: what a fault needs to be met may be drawn in one suite alone.
let turns = suites.map((suite) =>
  playAll(suite as Suite<unknown>, Number(seed), Number(scenarios)),
);
while (turns.length > 0) {
  turns = turns.filter((turn) => {
    const { value, done } = turn.next();
    if (done !== true) writeSync(1, `${JSON.stringify(value)}\n`);
    return done !== true;
  });
}
