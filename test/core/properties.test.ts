// What holds for an instance whatever happens to it. Each property runs from a seed that is printed;
// SEED=n repeats it. The rules themselves are the witness's.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from '../support/test.js';
import * as fc from 'fast-check';
import { Instance } from '../../src/core/instance.js';
import type { InstanceCheckpoint } from '../../src/core/instance-state.js';
import type {
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
} from '../../src/core/interface.js';
import { instant } from '../../src/model/units.js';
import {
  aimed,
  configurations,
  happenings,
  pauses,
  strayEvents,
  type Happening,
} from './arbitraries.js';
import { readyInstance, routerOf } from './instance-bench.js';
import { Witness } from './witness.js';

/** In CI all that it takes to find what happens rarely; elsewhere what finds the rest. */
const RUNS = Number(process.env['RUNS'] ?? (process.env['CI'] === 'true' ? 400 : 120));
/** In CI the same each time: a change is judged by what it changed. */
const DRAWN = process.env['CI'] === 'true' ? 9_568 : Date.now() % 1_000_000_000;
const SEED = Number(process.env['SEED'] ?? DRAWN);

function holds<Values extends [unknown, ...unknown[]]>(
  context: TestContext,
  property: fc.IPropertyWithHooks<Values>,
): void {
  context.diagnostic(`SEED=${SEED} repeats this run`);
  fc.assert(property, { seed: SEED, numRuns: RUNS });
}

/**
 * A witness of an instance that was started, and of everything that then happened to it. What an earlier agent
 * left stands first in the story, and is told before the start.
 */
function witnessOf(configuration: InstanceConfiguration, story: readonly Happening[]): Witness {
  const witness = new Witness(readyInstance(configuration), 0);
  const isLeft = story[0]?.event.kind === 'remember';
  for (const { event, pause } of story.slice(0, isLeft ? 1 : 0)) witness.happen(event, pause);
  witness.happen({ kind: 'start' }, 0);
  for (const { event, pause } of story.slice(isLeft ? 1 : 0)) {
    witness.happen(aim(event, witness.instance), pause);
  }
  return witness;
}

const aim = (event: InstanceEvent, instance: Instance): InstanceEvent =>
  event.kind === 'peer-report' ? aimed(event, instance.checkpoint().configuration) : event;

function withoutWish({ event, pause }: Happening): Happening {
  if (event.kind !== 'peer-report') return { event, pause };
  const { gatewayWish: _, ...report } = event.report;
  return { event: { ...event, report }, pause };
}

const priorityZero = (effect: InstanceEffect): boolean =>
  effect.kind === 'send-advertisement' && effect.priority === 0;

/** After the stop: facts about us, told to people and peers; the relay, which is not of the network. */
const STILL_SAID: ReadonlySet<InstanceEffect['kind']> = new Set([
  'report',
  'peer-news',
  'set-bypass',
]);

describe('an instance, whatever happens', () => {
  it('one state; Backup is silent but for its question; addresses follow the role; deadlines make progress', (context) => {
    holds(
      context,
      fc.property(configurations, happenings, (configuration, story) => {
        witnessOf(configuration, story).pass(100_000_000);
      }),
    );
  });

  it('stop: one priority 0 for each Active, then silence for good', (context) => {
    holds(
      context,
      fc.property(configurations, happenings, happenings, (configuration, before, later) => {
        const witness = witnessOf(configuration, before);
        witness.pass(witness.now);
        const { virtualRouters } = witness.instance.snapshot(instant(witness.now));
        const active = virtualRouters.filter(({ state }) => state === 'Active');

        const effects = witness.happen({ kind: 'stop' }, 0);
        const silence = later.flatMap(({ event, pause }) =>
          witness.happen(aim(event, witness.instance), pause),
        );

        assert.deepEqual(
          effects.filter(priorityZero).map(routerOf),
          active.map(({ configuration: { name } }) => name),
        );
        assert.deepEqual(
          silence.filter(({ kind }) => !STILL_SAID.has(kind)),
          [],
        );
      }),
    );
  });

  it('a wish that the gateway be asked at once moves nobody: only what the gateway answers does', (context) => {
    holds(
      context,
      fc.property(configurations, happenings, (configuration, story) => {
        const [wishing, silent] = [story, story.map(withoutWish)].map((told) => {
          const witness = witnessOf(configuration, []);
          return told
            .flatMap(({ event, pause }) => witness.happen(aim(event, witness.instance), pause))
            .filter(({ kind }) => kind !== 'ask-gateway' && kind !== 'peer-news');
        });
        assert.deepEqual(wishing, silent);
      }),
    );
  });

  it('the same events give the same effects and the same snapshot', (context) => {
    holds(
      context,
      fc.property(configurations, happenings, (configuration, story) => {
        const [first, second] = [0, 1].map(() => {
          const witness = witnessOf(configuration, []);
          const effects = story.flatMap(({ event, pause }) =>
            witness.happen(aim(event, witness.instance), pause),
          );
          return { effects, snapshot: witness.instance.snapshot(instant(witness.now)) };
        });

        assert.deepEqual(first, second);
      }),
    );
  });

  it('restored from a checkpoint that went through JSON, it goes on the same', (context) => {
    holds(
      context,
      fc.property(configurations, happenings, happenings, (configuration, before, later) => {
        const original = witnessOf(configuration, before).instance;
        const checkpoint = JSON.stringify(original.checkpoint());

        const replay = (instance: Instance): unknown[] =>
          later.map(({ event, pause }, index) => {
            const now = instant(100_000_000 + index * 1_000_000 + pause);
            const effects = instance.handle(aim(event, instance), now);
            return [effects, instance.nextDeadline(), instance.snapshot(now)];
          });
        const restored = Instance.restore(JSON.parse(checkpoint) as InstanceCheckpoint);
        const actual = replay(restored);

        assert.deepEqual(actual, replay(original));
        assert.equal(
          JSON.stringify(
            Instance.restore(JSON.parse(checkpoint) as InstanceCheckpoint).checkpoint(),
          ),
          checkpoint,
          'what happened later changed neither checkpoint',
        );
      }),
    );
  });

  it('a checkpoint is a copy: what happens later changes it as little as what it restored', (context) => {
    holds(
      context,
      fc.property(configurations, happenings, happenings, (configuration, before, later) => {
        const original = witnessOf(configuration, before);
        const checkpoint = original.instance.checkpoint();
        const text = JSON.stringify(checkpoint);

        const restored = Instance.restore(checkpoint);
        for (const { event, pause } of later) {
          original.happen(aim(event, original.instance), pause);
        }
        const afterOriginal = JSON.stringify(checkpoint);
        for (const { event } of later) {
          restored.handle(aim(event, restored), instant(original.now));
        }

        assert.equal(afterOriginal, text);
        assert.equal(JSON.stringify(checkpoint), text);
      }),
    );
  });

  it('news of a virtual router it does not have changes nothing', (context) => {
    holds(
      context,
      fc.property(configurations, happenings, strayEvents, (configuration, story, stray) => {
        const { instance, now } = witnessOf(configuration, story);
        const before = instance.snapshot(instant(now));
        const deadline = instance.nextDeadline();

        const effects = instance.handle(stray, instant(now));

        assert.deepEqual(effects, []);
        assert.deepEqual(instance.snapshot(instant(now)), before);
        assert.deepEqual(instance.nextDeadline(), deadline);
      }),
    );
  });

  it('a deadline event before any deadline changes nothing', (context) => {
    holds(
      context,
      fc.property(configurations, happenings, pauses, (configuration, story, pause) => {
        const witness = witnessOf(configuration, story);
        witness.pass(witness.now);
        const { instance, now } = witness;
        const deadline = instance.nextDeadline();
        const at = Math.min(now + Math.max(0, pause), (deadline?.at ?? Infinity) - 1);
        const before = instance.snapshot(instant(now));

        const effects = instance.handle({ kind: 'deadline' }, instant(at));

        assert.deepEqual(effects, []);
        assert.deepEqual(instance.snapshot(instant(now)), before);
        assert.deepEqual(instance.nextDeadline(), deadline);
      }),
    );
  });
});
