// Each decoder with some inputs of `scripts/fuzz`, the units of native/ among them; and that a fault would be found,
// and made small. For long runs: scripts/fuzz.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from '../support/test.js';
import { COMPILER, run, SANITIZERS, works } from '../native/compiler.js';
import { readCorpus } from './corpus.js';
import { fuzz, shrunk, type Target } from './fuzz.js';
import { TARGETS } from './targets.js';

const CI = process.env['CI'] === 'true';
const SEED = CI ? 9_568 : Date.now() % 1_000_000_000;
/** Of the ones whose inputs take a millisecond or more; the others get ten times as many. */
const INPUTS = CI ? 600 : 120;

describe('decoders, whatever they are given', () => {
  for (const target of TARGETS) {
    it(target.name, async () => {
      console.log(`${target.name}: SEED=${SEED}`);
      const most = target.slow === true ? INPUTS : 10 * INPUTS;
      const corpus = readCorpus(target.name);
      assert.ok(corpus.length > 0, 'what led to something new is kept');
      const goOn = (done: number): boolean => done < most + corpus.length;
      const { executions, outcomes, failure } = await fuzz(target, SEED, { goOn, corpus });
      if (failure !== null) {
        const { input, error } = await shrunk(target, failure);
        assert.fail(`${JSON.stringify(input.toString('latin1'))}: ${error.stack}`);
      }
      assert.equal(executions, most + corpus.length);
      assert.ok(outcomes.size > 2, `seeds and changes lead to ${[...outcomes.keys()].join()} only`);
    });
  }
});

describe('a fault', () => {
  const faulty: Target = {
    name: 'faulty',
    words: [Buffer.from('secret')],
    longest: 100,
    seeds: [Buffer.from('a sound input, longer than it need be')],
    take: (input) => {
      const text = input.toString('latin1');
      if (text.includes('secret')) throw new Error('planted');
      return `${text.length % 10}`;
    },
  };

  it('is found, and its input made small', async () => {
    const { failure } = await fuzz(faulty, 1, { goOn: (done) => done < 10_000 });
    assert.equal(failure?.error.message, 'planted');
    assert.equal((await shrunk(faulty, failure)).input.toString(), 'secret');
  });

  it('that leaves something behind is found: in what all inherit, in the input, in the next answer', async () => {
    const quiet: Target = { ...faulty, take: () => 'taken' };
    const left: readonly (readonly [RegExp, (input: Buffer) => string])[] = [
      [
        /^Object: .*planted/,
        () => {
          Reflect.set(Object.prototype, 'planted', 1);
          return 'taken';
        },
      ],
      [
        /the input is as it was/,
        (input) => {
          input.fill(0);
          return 'taken';
        },
      ],
      [
        /changes nothing/,
        (
          (times) => () =>
            `${(times += 1)}`
        )(0),
      ],
    ];
    for (const [complaint, take] of left) {
      const goOn = (done: number): boolean => done < 10;
      const { failure } = await fuzz({ ...quiet, take }, 1, { goOn });
      Reflect.deleteProperty(Object.prototype, 'planted');
      assert.match(failure?.error.message ?? '', complaint);
    }
    const { failure } = await fuzz(quiet, 1, { goOn: (done) => done < 10 });
    assert.equal(failure, null);
  });

  it('of time is one only when it comes each time', async () => {
    const spend = (ms: number): void => {
      for (const until = performance.now() + ms; performance.now() < until;);
    };
    let taken = 0;
    const slow: Target = { ...faulty, take: () => (spend(3), 'taken') };
    const once: Target = { ...faulty, take: () => (spend((taken += 1) === 3 ? 60 : 0), 'taken') };
    const goOn = (done: number): boolean => done < 3;
    assert.match(
      (await fuzz(slow, 1, { goOn, boundMs: 2 })).failure?.error.message ?? '',
      /at most 2 ms/,
    );
    assert.equal((await fuzz(once, 1, { goOn, boundMs: 50 })).failure, null);
  });

  it('is found again by its seed', async () => {
    const runs = [1, 2].map(() => fuzz(faulty, 7, { goOn: (done) => done < 10_000 }));
    const [one, two] = await Promise.all(runs);
    assert.deepEqual(one?.failure?.input, two?.failure?.input);
    assert.equal(one?.executions, two?.executions);
  });
});

describe('units of native/, whatever they are given', () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-fuzz-'));
  after(() => rmSync(folder, { recursive: true }));
  const sources = new URL('../../../test/fuzz/native/', import.meta.url).pathname;

  for (const name of readdirSync(sources).filter((file) => file.endsWith('.c'))) {
    it(name, async (t) => {
      if (!(await works(folder, SANITIZERS)))
        return t.skip(`no C compiler (${COMPILER}) with sanitizers`);
      const program = join(folder, name.replace('.c', ''));
      const flags = ['-std=gnu11', '-O1', '-g', '-D_GNU_SOURCE', `-DDRAWS=${100 * INPUTS}`];
      await run(COMPILER, [...flags, ...SANITIZERS, join(sources, name), '-o', program]);
      const kept = readCorpus(`native-${name.replace('.c', '')}`).map((input, index) => {
        const file = join(folder, `${name}-${index}`);
        writeFileSync(file, input);
        return file;
      });
      assert.ok(kept.length > 0, 'what covered something new is kept');
      await assert.doesNotReject(run(program, kept));
      return undefined;
    });
  }
});
