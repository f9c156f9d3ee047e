// For how long nobody had the addresses before a new Active: what counts as a sign of the one before, by cause.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { router } from './instance-bench.js';
import {
  activeBench,
  backupBench,
  PairBench,
  SCRIPT_TIME,
  SECOND,
  SILENCE,
  THERE,
  THIRD,
} from './pair-bench.js';

const HELD = { state: 'Active', effectivePriority: 200, addressesPresent: true } as const;
const nobodyHeld = (bench: PairBench): number | null => bench.router('lan').nobodyHeld;

describe('for how long nobody had the addresses', () => {
  it('handed over by a peer that has them until ours stand: never', () => {
    const bench = backupBench();
    bench.says({ releasing: true }, 50_000);
    assert.equal(nobodyHeld(bench), null, 'not before ours stand');
    bench.pass(60_000);

    assert.equal(nobodyHeld(bench), 0);
  });

  it('a peer that gives the role up, and dies before our turn comes: since its last word', () => {
    const bench = backupBench({ routers: [router({ priority: 200 })], peers: [THERE, THIRD] });
    bench.says({ effectivePriority: 230 }, null, { peer: 'third' });
    bench.pass(110_000);
    bench.advertise(false);
    bench.says({ releasing: true }, 120_000);
    bench.cut(undefined, 'there');
    bench.pass(SECOND);

    const { state, since, reason } = bench.router('lan');
    assert.deepEqual([state, reason], ['Active', 'peer-released']);
    assert.ok(since < 120_000 + SILENCE, 'it counts as healthy yet');
    assert.equal(nobodyHeld(bench), since + SCRIPT_TIME - 120_000);
  });

  it('silence: since the last word of the peer, on whichever path', () => {
    const bench = backupBench();
    bench.pass(50_000);
    bench.cut();
    bench.advertise(false);
    const last = bench.lastHeardAt();
    bench.pass(SECOND);

    assert.equal(nobodyHeld(bench), bench.router('lan').since + SCRIPT_TIME - last);
  });

  it('silence of a router that is no peer: since its last advertisement', () => {
    const bench = new PairBench([router()], {}, []);
    bench.start(0);
    bench.hear('lan', { priority: 200 }, 100_000);
    bench.pass(10 * SECOND);

    assert.equal(nobodyHeld(bench), bench.router('lan').since + SCRIPT_TIME - 100_000);
  });

  it('priority 0: since then, of the Active', () => {
    const bench = backupBench();
    bench.hear('lan', { priority: 0 }, 50_000);
    bench.pass(60_000);

    assert.equal(nobodyHeld(bench), SCRIPT_TIME);
  });

  it('a fault that the peer tells, as lost carrier: since the last message that said it has them', () => {
    const bench = backupBench();
    bench.says(HELD, 50_000);
    bench.advertise(false);
    bench.says({ ...HELD, addressesPresent: false }, 60_000);
    bench.says({ state: 'Initialize', addressesPresent: false, fit: false }, 70_000);
    bench.pass(10 * SECOND);

    const { state, since } = bench.router('lan');
    assert.equal(state, 'Active');
    assert.equal(nobodyHeld(bench), since + SCRIPT_TIME - 50_000);
  });

  it('a living peer whose role we take: never, when it says after it that it has them still', () => {
    const bench = backupBench();
    bench.scripts = false;
    bench.hear('lan', { priority: 0 }, 50_000);
    bench.says(HELD, 250_000);
    bench.take({ kind: 'addresses-present', virtualRouter: 'lan' }, 260_000);

    assert.equal(nobodyHeld(bench), 0);
  });

  it('an advertisement that is read after a stall: since it came', () => {
    const bench = new PairBench([router()], {}, []);
    bench.start(0);
    bench.hear('lan', { priority: 200 }, 100_000);
    bench.take({ kind: 'stalled' }, 3 * SECOND);
    bench.hear('lan', { priority: 200 }, 1_100_000);
    bench.hear('lan', { priority: 250 }, 2_100_000);
    bench.pass(20 * SECOND);

    assert.equal(nobodyHeld(bench), bench.router('lan').since + SCRIPT_TIME - 2_100_000);
  });

  it('a peer that speaks, and says that it has none: neither its advertisement nor its farewell counts', () => {
    const bench = backupBench();
    bench.says(HELD, 50_000);
    bench.advertise(false);
    bench.says({ ...HELD, addressesPresent: false }, 60_000);
    bench.hear('lan', { priority: 200 }, 65_000);
    bench.hear('lan', { priority: 0 }, 70_000);
    bench.pass(SECOND);

    const { state, since } = bench.router('lan');
    assert.equal(state, 'Active');
    assert.equal(nobodyHeld(bench), since + SCRIPT_TIME - 50_000);
  });

  it('a peer that speaks, and claims the role: not before it says that its addresses stand', () => {
    const bench = new PairBench([router()], {}, [THERE]);
    bench.start(0);
    bench.pass(SECOND);
    bench.hear('lan', { priority: 200 }, 1_100_000);
    bench.cut();
    bench.pass(20 * SECOND);

    assert.equal(bench.router('lan').state, 'Active');
    assert.equal(nobodyHeld(bench), null);
  });

  it('ours before: since we took them off', () => {
    const bench = activeBench({ peers: [] });
    bench.take({ kind: 'operator', command: 'maintenance-on', force: true, by: 'root' }, SECOND);
    assert.equal(nobodyHeld(bench), null, 'of an Active only');
    bench.take({ kind: 'operator', command: 'maintenance-off' }, 3 * SECOND);
    bench.pass(20 * SECOND);

    assert.equal(nobodyHeld(bench), bench.router('lan').since + SCRIPT_TIME - SECOND);
  });

  it('the lease lapsed: it is not known since when they are gone', () => {
    const bench = activeBench({ peers: [] });
    bench.take({ kind: 'revoked' }, SECOND);
    assert.equal(bench.router('lan').reason, 'lease-lapsed');
    bench.pass(20 * SECOND);

    assert.equal(bench.router('lan').state, 'Active');
    assert.equal(nobodyHeld(bench), null);
  });

  it('nobody is known to have had them: no word of it', () => {
    const bench = new PairBench([router()], {}, [THERE]);
    bench.start(0);
    const effects = bench.pass(10 * SECOND);

    assert.equal(bench.router('lan').state, 'Active');
    assert.equal(nobodyHeld(bench), null);
    assert.deepEqual(
      effects.filter((line) => line.includes('taken-over')),
      [],
    );
  });

  it('addresses that are put back are no takeover', () => {
    const bench = backupBench();
    bench.says({ releasing: true }, 50_000);
    bench.advertise(false);
    bench.pass(60_000);
    bench.says(
      { state: 'Backup', effectivePriority: 90, releasing: false, addressesPresent: false },
      65_000,
    );
    bench.take({ kind: 'addresses-removed', virtualRouter: 'lan' }, 70_000);
    const effects = bench.pass(SECOND);

    assert.equal(nobodyHeld(bench), 0);
    assert.deepEqual(
      effects.filter((line) => line.includes('taken-over')),
      [],
    );
  });
});
