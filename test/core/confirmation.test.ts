// A message of a peer that only confirms what is known, as the core has it: it changes nothing but when the peer was
// heard, and no deadline comes nearer by it. So it can be taken later, with the time when it came. Random stories;
// SEED=n repeats a run.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from '../support/test.js';
import { Instance } from '../../src/core/instance.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import type { InstanceCheckpoint } from '../../src/core/instance-state.js';
import type { Path } from '../../src/core/peers/peer-check.js';
import type { Peer } from '../../src/core/peers/peers.js';
import { instant, microseconds, type Instant } from '../../src/model/units.js';
import { aimed, configurations, happenings } from './arbitraries.js';
import { router, startedInstance } from './instance-bench.js';
import { HA, PairBench } from './pair-bench.js';
import { address } from './machine/virtual-router-bench.js';

const RUNS = Number(process.env['RUNS'] ?? (process.env['CI'] === 'true' ? 400 : 100));
/** In CI the same each time: a change is judged by what it changed. */
const DRAWN = process.env['CI'] === 'true' ? 9_568 : Date.now() % 1_000_000_000;
const SEED = Number(process.env['SEED'] ?? DRAWN);

type Report = Extract<InstanceEvent, { kind: 'peer-report' }>;

/** What this peer would say again on each path, as an answer and unasked. */
function again({ configuration, report }: Peer): readonly Report[] {
  if (report === null) return [];
  return configuration.addresses.flatMap((path) =>
    [true, false].map((answered): Report => ({
      kind: 'peer-report',
      peer: configuration.name,
      address: path,
      report,
      answered,
    })),
  );
}

/** All but when peers were heard, and what is counted of their checks. */
function besides({ peers, clock, ...rest }: InstanceCheckpoint): unknown {
  const known = peers.map(({ paths, ...peer }) => ({
    ...peer,
    paths: paths.map(({ state, interface: through }) => ({ state, through })),
  }));
  assert.ok(clock !== undefined);
  return structuredClone({ ...rest, known });
}

/** Asks of all that could be said again; what is a confirmation is taken. @returns how many were. */
function confirmAll(instance: Instance, at: Instant): number {
  let confirmed = 0;
  for (const event of instance.checkpoint().peers.flatMap(again)) {
    if (!instance.isConfirmation(event)) continue;
    confirmed += 1;
    const before = besides(instance.checkpoint());
    const due = instance.nextDeadline()?.at ?? Infinity;
    assert.deepEqual(instance.handle(event, at), []);
    assert.deepEqual(besides(instance.checkpoint()), before);
    assert.deepEqual(instance.decisions(), []);
    const next = instance.nextDeadline()?.at ?? Infinity;
    assert.ok(next >= Math.min(due, at), `due at ${due}, and at ${next} after ${at}`);
    assert.ok(instance.isConfirmation(event), 'it is one again');
  }
  return confirmed;
}

describe('a message of a peer that only confirms', () => {
  it('changes nothing but when the peer was heard, whatever happened before', (context) => {
    context.diagnostic(`SEED=${SEED} repeats this run`);
    let confirmed = 0;
    const property = fc.property(configurations, happenings, (settings, story) => {
      const instance = startedInstance(settings);
      let now = 0;
      const answerAll = (): void => {
        for (const event of instance.checkpoint().peers.flatMap(again)) {
          instance.handle(event, instant((now += 10)));
        }
      };
      for (const { event, pause } of story) {
        now += Math.max(0, pause);
        const current = instance.checkpoint().configuration;
        const aim = event.kind === 'peer-report' ? aimed(event, current) : event;
        instance.handle(aim, instant(now));
        if (event.kind === 'peer-report') for (let time = 0; time < 5; time += 1) answerAll();
        now += 10;
        confirmed += confirmAll(instance, instant(now));
      }
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
    assert.ok(confirmed > 0, 'some were');
  });

  /** A Backup in touch with a peer, as it was then; `asked` says of a change of that whether it still is one. */
  function inTouch() {
    const bench = new PairBench([router()]);
    bench.start();
    bench.pass(2_000_000);
    const checkpoint = bench.instance.checkpoint();
    const [peer] = checkpoint.peers;
    assert.ok(peer !== undefined);
    const [said] = again(peer);
    assert.ok(said !== undefined && said.address === HA);
    const asked = (change: Partial<InstanceCheckpoint>, event = said): boolean =>
      Instance.restore({ ...checkpoint, ...change }).isConfirmation(event);
    return { checkpoint, peer, said, asked };
  }

  it('is one when the peer is well, and says the same again: of a known peer, on a known path', () => {
    const { said, asked } = inTouch();
    assert.equal(asked({}), true);
    const others: readonly Report[] = [
      { ...said, peer: 'nobody' },
      { ...said, address: address('10.98.0.77') },
      { ...said, report: { ...said.report } },
    ];
    assert.deepEqual(
      others.map((one) => asked({}, one)),
      [false, false, false],
    );
  });

  it('is none where the peer or its path is not well, or was just left', () => {
    const { peer, checkpoint, asked } = inTouch();
    const { configuration } = checkpoint;
    const pathsAre = (change: Partial<Path>): Peer => ({
      ...peer,
      paths: peer.paths.map((path) => ({ ...path, ...change })),
    });
    const changed: readonly Peer[] = [
      pathsAre({ state: 'unhealthy' }),
      pathsAre({ failures: 1, successes: 0 }),
      pathsAre({ successes: configuration.peerCheck.recoveryThreshold - 1 }),
      { ...peer, left: [{ position: 0, until: instant(9_000_000) }] },
    ];
    assert.deepEqual(
      changed.map((one) => asked({ peers: [one] })),
      [false, false, false, false],
    );
  });

  it('is none where whatever is heard may be what is waited for', () => {
    const { checkpoint, asked } = inTouch();
    const { fitness, configuration, routers } = checkpoint;
    const fit = (change: Partial<typeof fitness>): Partial<InstanceCheckpoint> => ({
      fitness: { ...fitness, ...change },
    });
    const witness = { ttl: microseconds(5_000_000), margin: microseconds(500_000) };
    assert.deepEqual(
      [
        asked({ phase: 'new' }),
        asked(fit({ fit: true, sound: false })),
        asked(fit({ fit: false, sound: false })),
        asked({ configuration: { ...configuration, witness } }),
        asked({ routers: routers.map((one) => ({ ...one, triedInVain: true })) }),
      ],
      [false, false, true, false, false],
    );
  });
});
