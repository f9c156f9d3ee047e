// What operators order (failover, maintenance, a stop): whom it would leave the role to is looked at first, and it is
// said why a peer will not do. A stop goes all the same.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import { instant } from '../../src/model/units.js';
import { byRoot, router } from './instance-bench.js';
import {
  HANDOVER,
  PairBench,
  SECOND,
  TAKEN,
  THERE,
  THIRD,
  activeBench,
  backupBench,
  cause,
  moves,
  told,
  type Saying,
} from './pair-bench.js';

const refusals = (lines: readonly string[]): string[] =>
  lines.filter((text) => text.includes('report refused'));

/** The remedy of the refusal. */
function remedyOf(bench: PairBench, event: InstanceEvent, at: number): string {
  const found = bench.instance
    .handle(event, instant(at))
    .find((effect) => effect.kind === 'report' && effect.report === 'refused');
  return found?.kind === 'report' ? (found.remedy ?? 'none') : 'not refused';
}

describe('why a peer is no successor, and what to do about it', () => {
  const OBJECTIONS: readonly [string, Saying, string, string][] = [
    [
      'in maintenance',
      { fit: false, sound: false, cause: cause({ reason: 'maintenance', detail: 'root' }) },
      'there is out: in maintenance, by an operator (root)',
      'on there: understudy maintenance off',
    ],
    [
      'suspended',
      { fit: false, sound: false, cause: cause({ reason: 'suspended', detail: '' }) },
      'there is out: the role was lost too often: suspended until an operator clears the flaps',
      'on there: understudy flaps clear',
    ],
    [
      'out for a reason of a later release',
      { fit: false, sound: false, cause: cause({ reason: 'on-holiday', detail: '' }) },
      'there is out: on-holiday',
      'mend that on there',
    ],
    [
      'without carrier',
      { fit: false, sound: false, cause: cause({ reason: 'no-carrier', detail: 'eth0' }) },
      'there is out: the interface has no carrier (eth0)',
      'mend that on there',
    ],
  ];
  for (const [what, saying, why, remedy] of OBJECTIONS) {
    it(`${what}: failover refused, forced or not`, () => {
      for (const force of [false, true]) {
        const bench = activeBench();
        bench.says(saying, 40_000);

        const order = byRoot('failover', force);

        assert.deepEqual(bench.take(order, 50_000), [
          `lan report refused: failover: nobody is fit and sound to take lan: ${why}`,
        ]);
        assert.equal(remedyOf(bench, order, 50_000), remedy);
      }
    });
  }

  const FORCIBLE: readonly [string, Saying, string][] = [
    ['a failed check', { sound: false, cause: cause() }, 'there has failing: gateway'],
    ['a soft fault without a name', { sound: false }, 'there has a monitor that fails'],
    [
      'priority 1',
      { effectivePriority: 1 },
      'there is at priority 1 for 60 s: it could not add or keep its virtual addresses',
    ],
    [
      'addresses taken from it',
      { sound: false, cause: cause({ reason: 'address-lost', detail: 'lan' }) },
      'there is at priority 1 for 60 s: it could not add or keep its virtual addresses',
    ],
  ];
  for (const [what, saying, why] of FORCIBLE) {
    it(`${what}: refused, and done when it is forced`, () => {
      const bench = activeBench();
      bench.says(saying, 40_000);

      const refused = bench.take(byRoot('failover'), 50_000);
      const remedy = remedyOf(bench, byRoot('failover'), 50_000);
      const done = bench.take(byRoot('failover', true), 60_000);

      assert.deepEqual(refused, [
        `lan report refused: failover: nobody is fit and sound to take lan: ${why}`,
      ]);
      assert.match(remedy, /, or insist with --force$/);
      assert.equal(done[0], 'instance report failover: lan by root, forced');
      assert.equal(bench.router('lan').releasing, 'failover');
      assert.deepEqual(told(bench)?.cause, {
        reason: 'failover',
        detail: 'root',
        forced: true,
        doubtful: false,
      });
    });
  }

  it('other virtual addresses: refused, and done when it is forced', () => {
    const bench = activeBench();
    const { digests } = bench.voice().report;
    bench.says({ digests: { ...digests, addresses: 1 } }, 40_000);

    const refused = bench.take(byRoot('failover'), 50_000);
    bench.take(byRoot('failover', true), 60_000);

    assert.match(refused.join(), /there has other virtual addresses/);
    assert.equal(bench.router('lan').releasing, 'failover');
  });

  it('a peer that has not answered yet: it may be there', () => {
    const bench = activeBench();
    bench.configure([router({ priority: 200 })], 0, { peers: [THIRD] });

    const refused = bench.take(byRoot('failover'), 1);

    assert.match(refused.join(), /third has not answered yet/);
  });

  it('two peers: one that is fit and sound is enough; of two that are not, both are told', () => {
    const bench = activeBench({ peers: [THERE, THIRD] });
    bench.says({ sound: false, cause: cause() }, 40_000);
    const out = cause({ reason: 'no-carrier', detail: 'eth0' });
    assert.equal(
      bench.take(byRoot('failover'), 50_000)[0],
      'instance report failover: lan by root',
    );
    bench.pass(50_000 + HANDOVER);
    bench.says({ fit: false, sound: false, cause: out }, 6 * SECOND, { peer: 'third' });

    const refused = bench.take(byRoot('failover'), 6 * SECOND);

    assert.deepEqual(refused, [
      'lan report refused: failover: nobody is fit and sound to take lan: there has failing: gateway; third is out: the interface has no carrier (eth0)',
    ]);
  });

  it('the remedies of an order to stay out end with --force, once', () => {
    const bench = activeBench();
    const maintenance = byRoot('maintenance-on');
    bench.says({ fit: false, sound: false, cause: cause({ reason: 'bypassed' }) }, 40_000);
    const hopeless = remedyOf(bench, maintenance, 50_000);
    bench.says({ fit: true, cause: cause() }, 60_000);
    const faulty = remedyOf(bench, maintenance, 70_000);

    assert.equal(hopeless, 'on there: understudy bypass release, or insist with --force');
    assert.equal(faulty, 'mend what the monitor of there watches, or insist with --force');
  });
});

describe('maintenance looks for a successor first', () => {
  it('a Backup whose Active is heard or says so may go; one that is the next may not', () => {
    const heard = backupBench();
    const next = new PairBench([router()]);
    next.says({ fit: false, sound: false, state: 'Initialize' }, null);
    next.start(-SECOND);
    next.pass(0);

    const gone = heard.take(byRoot('maintenance-on'), 50_000);
    const kept = next.take(byRoot('maintenance-on'), 50_000);

    assert.deepEqual(refusals(gone), []);
    assert.equal(refusals(kept).length, 1);
    assert.equal(next.router('lan').state, 'Backup');
  });

  it('the Active is only told of, not heard: it may go too', () => {
    const bench = new PairBench([router()]);
    bench.says({ state: 'Active', effectivePriority: 200, addressesPresent: true }, null);
    bench.start(-SECOND);
    bench.pass(0);

    assert.deepEqual(refusals(bench.take(byRoot('maintenance-on'), 50_000)), []);
  });

  it('on already: asked again, it is nothing new', () => {
    const bench = activeBench();
    bench.take(byRoot('maintenance-on', true), 50_000);
    bench.says({ ...TAKEN, fit: false, sound: false }, 60_000);
    bench.says({ state: 'Initialize' }, 70_000);

    const again = bench.take(byRoot('maintenance-on'), 80_000);

    assert.equal(again[0], 'instance report maintenance: on by root');
    assert.deepEqual(refusals(again), []);
  });
});

describe('a stop says that it leaves the role to nobody', () => {
  it('by the name of the peer; it goes all the same', () => {
    const bench = activeBench();
    const why = cause({ reason: 'maintenance', detail: '' });
    bench.says({ fit: false, sound: false, cause: why }, 40_000);

    const effects = bench.take({ kind: 'stop' }, 50_000);

    assert.equal(
      effects[0],
      'lan report no-successor: there is out: in maintenance, by an operator',
    );
    assert.deepEqual(moves(effects), ['lan Active -> Initialize shutdown']);
  });

  it('every peer has said that it is out: nobody is waited for', () => {
    const bench = activeBench();
    const isAlone = (): boolean => bench.instance.snapshot(instant(0)).isAlone;
    const before = isAlone();
    bench.says({ fit: false, sound: false }, 40_000);

    assert.deepEqual([before, isAlone()], [false, true]);
    assert.equal(new PairBench([router()], {}, []).instance.snapshot(instant(0)).isAlone, false);
  });

  it('the snapshot tells who could take what is Active here, and what is against the others', () => {
    const bench = activeBench();
    const seen = (): unknown => {
      const { prospects, own } = bench.instance.snapshot(instant(0));
      return { prospects, own };
    };
    const before = seen();
    bench.says({ fit: false, sound: false }, 40_000);
    bench.take({ kind: 'operator', command: 'maintenance-on', force: true, by: 'alice' }, 50_000);

    assert.deepEqual(before, {
      prospects: [{ virtualRouter: 'lan', successors: ['there'], objections: [] }],
      own: { fit: true, sound: true },
    });
    assert.deepEqual(seen(), {
      prospects: [],
      own: {
        fit: false,
        sound: false,
        cause: { reason: 'maintenance', detail: 'alice', forced: true, doubtful: false },
      },
    });
    assert.deepEqual(backupBench().instance.snapshot(instant(0)).prospects, []);
    const alone = activeBench();
    alone.says({ fit: false, sound: false }, 40_000);
    const [prospect] = alone.instance.snapshot(instant(0)).prospects;
    assert.deepEqual(prospect?.successors, []);
    assert.match(prospect.objections[0]?.text ?? '', /^there is out: /);
  });

  it('with a successor, or with nothing held, there is nothing to say', () => {
    for (const bench of [activeBench(), backupBench()]) {
      assert.ok(!bench.take({ kind: 'stop' }, 1).join().includes('no-successor'));
    }
  });
});
