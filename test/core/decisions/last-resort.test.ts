// An Active without its addresses: it is silent, gives way to whoever is Active, asks for them again, and
// gives up; others believe its word for so long and no longer (empty-handed.ts).
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { InstanceBench, router } from '../instance-bench.js';
import { activeBench, ACTIVE_DOWN, backupBench, HA, moves, SECOND } from '../pair-bench.js';

const LOST = { kind: 'addresses-removed', virtualRouter: 'lan' } as const;
const GIVES_WAY = 'lan Active -> Backup addresses-gone';
/** Longer than a script may take. */
const PATIENCE = 6 * SECOND;

describe('an Active that has lost its addresses', () => {
  it('gives way to any other Active that it hears', () => {
    const bench = activeBench();
    bench.scripts = false;
    bench.take(LOST, 10_000);

    assert.deepEqual(moves(bench.hear('lan', { priority: 100 }, 20_000)), [GIVES_WAY]);
  });

  it('gives way to one that says over the HA port that its addresses stand', () => {
    const bench = activeBench();
    bench.scripts = false;
    bench.take(LOST, 10_000);

    const taking = bench.says({ state: 'Active' }, 20_000, { on: HA });
    const stands = bench.says({ addressesPresent: true }, 30_000, { on: HA });

    assert.deepEqual([moves(taking), moves(stands)], [[], [GIVES_WAY]]);
  });

  it('what was said before is no offer', () => {
    const bench = activeBench();
    bench.scripts = false;
    bench.says({ state: 'Active', addressesPresent: true }, 10_000, { on: HA });
    bench.take(LOST, 20_000);

    assert.deepEqual(moves(bench.says({}, 20_000, { on: HA })), []);
  });

  it('has them again: a lesser one gives way as ever', () => {
    const bench = activeBench();
    bench.take(LOST, 10_000);
    bench.pass(20_000);

    assert.deepEqual(moves(bench.hear('lan', { priority: 100 }, 30_000)), []);
  });

  it('asks for them once more, then gives the role up and stands back', () => {
    const bench = activeBench();
    bench.scripts = false;
    bench.take(LOST, 0);

    const later = bench.pass(2 * PATIENCE).filter((text) => text.includes(' lan '));

    assert.deepEqual(later, [
      `${PATIENCE} lan report address-overdue: eth0`,
      `${PATIENCE} lan add`,
      `${2 * PATIENCE} lan report address-yielded: asked for twice in vain`,
      `${2 * PATIENCE} lan report priority-changed: 200 to 1`,
      `${2 * PATIENCE} lan advertise 0`,
      `${2 * PATIENCE} lan remove`,
      `${2 * PATIENCE} lan Active -> Backup address-failed`,
    ]);
  });

  it('alone, it tries again for ever: an order that was lost once costs six seconds', () => {
    const bench = new InstanceBench([router()]);
    bench.start(-ACTIVE_DOWN);

    const lines = bench.run(2 * PATIENCE + 5 * SECOND);

    assert.deepEqual(
      lines.filter((text) => text.endsWith(' lan add')),
      [0, PATIENCE, 2 * PATIENCE + 3_996_093].map((at) => `${at} lan add`),
    );
  });
});

describe('a Backup, and an Active that says that it has no addresses', () => {
  it('silent: waited for as long as it may be about to have them, then taken over from', () => {
    const bench = backupBench();
    bench.advertise(false);
    bench.says({ addressesPresent: false }, 50_000, { on: HA });

    const [first, ...rest] = bench.pass(3 * ACTIVE_DOWN).filter((text) => !text.includes('tell'));

    assert.equal(first, `${ACTIVE_DOWN} lan report adverts-lost: eth0`);
    assert.equal(moves(rest)[0], `${2 * ACTIVE_DOWN} lan Backup -> Active no-response`);
  });

  it('silent, but its addresses stand: waited for as ever', () => {
    const bench = backupBench();
    bench.advertise(false);
    bench.says({ addressesPresent: false }, 50_000, { on: HA });
    bench.says({ addressesPresent: true }, 60_000, { on: HA });

    assert.deepEqual(moves(bench.pass(3 * ACTIVE_DOWN)), []);
  });

  it('advertising: obeyed for longer than a script may take, and no longer', () => {
    const bench = backupBench();
    bench.says({ addressesPresent: false }, 500_000, { on: HA });

    const effects = moves(bench.pass(PATIENCE + SECOND + ACTIVE_DOWN));

    assert.deepEqual(effects, [`${PATIENCE + ACTIVE_DOWN} lan Backup -> Active no-response`]);
  });

  it('is not obeyed afterwards either, until it says that they stand', () => {
    const bench = backupBench();
    bench.says({ addressesPresent: false }, 500_000, { on: HA });
    bench.pass(PATIENCE + ACTIVE_DOWN + 10_000);

    const ignored = bench.pass(PATIENCE + ACTIVE_DOWN + 2 * SECOND);
    bench.says({ addressesPresent: true }, null);
    const obeyed = bench.pass(PATIENCE + ACTIVE_DOWN + 4 * SECOND);

    assert.deepEqual(
      [moves(ignored), moves(obeyed).map((text) => text.replace(/^\d+ /, ''))],
      [[], ['lan Active -> Backup dual-active']],
    );
  });

  it('gives up with priority 0: that is heard', () => {
    const bench = backupBench();
    bench.says({ addressesPresent: false }, 500_000, { on: HA });
    bench.pass(PATIENCE + SECOND);

    assert.deepEqual(moves(bench.hear('lan', { priority: 0 }, PATIENCE + SECOND)), [
      'lan Backup -> Active priority-zero',
    ]);
  });

  it('says nothing any more: its advertisements are all there is', () => {
    const bench = backupBench();
    bench.says({ addressesPresent: false }, 500_000, { on: HA });
    bench.pass(5 * SECOND);
    bench.cut();

    assert.deepEqual(
      moves(bench.pass(PATIENCE + 3 * ACTIVE_DOWN)),
      [],
      'asked on the link, it is there',
    );
  });
});
