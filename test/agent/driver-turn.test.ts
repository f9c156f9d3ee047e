// One turn of the driver at a time, whoever begins it: what an effect brings about is taken behind all effects of
// the event that it is an effect of. What is decided, and the order within a wake-up, are elsewhere.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { Settings } from '../../src/config/settings.js';
import type { Driver } from '../../src/agent/driver.js';
import { address } from '../support/fake-kernel.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

/** One peer, which is never heard, and a relay. */
function withBypass(name = 'lan'): Settings {
  const lan = settingsOf([routerSettings({ name })]);
  const peers = [{ name: 'there', addresses: [address('10.98.0.2')] }];
  const bypass = { hook: '/hook', segments: ['pair-1'], onStop: 'keep' as const };
  return { ...lan, bypass, ha: { ...lan.ha, peers } };
}

/** A driver whose order to the relay comes back to it at once, while the kernel has news. */
async function driven(comesBack: (driver: Driver, made: Rig) => void): Promise<Rig> {
  let ready = false;
  const made: Rig = rig({
    settings: withBypass(),
    onBypass: (driver) => {
      if (ready) comesBack(driver, made);
    },
  });
  made.driver.start();
  await settle();
  ready = true;
  return made;
}

/** Our address on the link is another one now. */
function moveAddress({ kernel }: Rig): void {
  kernel.removeAddress(INDEX, '10.99.0.1/24');
  kernel.addAddress(INDEX, '10.99.0.7/24');
}

/** Our addresses in each report to the peers since `mark`. */
const addressesTold = ({ told }: Rig, mark: number): (readonly string[])[] =>
  told.slice(mark).flatMap((one) => (one.kind === 'news' ? [one.report.primaryAddresses] : []));

const eventsSince = ({ driver }: Rig, mark: number): string[] =>
  driver.recorder
    .recording()
    .events.slice(mark)
    .map(({ event }) => event.kind);

const ENGAGE = { kind: 'operator', command: 'bypass-engage', by: 'root' } as const;

describe('what an effect of an event brings about comes behind all its effects', () => {
  it('an order: the relay inhibits the link pairs, and what the peers are told last is the newest', async () => {
    const made = await driven((driver) => {
      moveAddress(made);
      driver.setInhibited(true);
    });
    const mark = made.told.length;

    assert.equal(made.driver.operate(ENGAGE), null);
    // The next wake-up, if the kernel's news have waited for it.
    made.driver.setInhibited(false);

    assert.deepEqual(addressesTold(made, mark).at(-1), ['10.99.0.7']);
  });

  it('an order: an event that is delivered meanwhile is taken in the same turn', async () => {
    const made = await driven((driver) =>
      driver.deliver({ kind: 'bypass-state', actual: 'bypass' }),
    );
    const mark = made.driver.recorder.recording().events.length;
    const toldBefore = made.told.length;

    made.driver.operate(ENGAGE);

    assert.deepEqual(eventsSince(made, mark), ['operator', 'bypass-state']);
    const told = made.told.slice(toldBefore).map(({ kind }) => kind);
    assert.deepEqual(told, ['transition', 'bypass', 'news'], 'the peers are told once, of both');
  });

  it('new settings: what comes back is taken when they are in force', async () => {
    let engaged = false;
    const seen: string[][] = [];
    const made = await driven((driver, { driver: { recorder } }) => {
      if (!engaged) return;
      const mark = recorder.recording().events.length;
      driver.deliver({ kind: 'bypass-state', actual: 'inline' });
      seen.push(eventsSince(made, mark));
    });
    made.driver.operate(ENGAGE);
    engaged = true;
    const mark = made.driver.recorder.recording().events.length;

    made.driver.configure({ ...withBypass('wan'), bypass: null });

    assert.deepEqual(seen, [[]], 'the former settings are still in force');
    assert.deepEqual(eventsSince(made, mark).slice(0, 2), ['configure', 'bypass-state']);
  });

  it('a stop: what comes back begins no turn, and nothing is told behind the last word', async () => {
    const made = await driven((driver) => driver.setInhibited(true));
    const mark = made.told.length;

    await made.driver.stop();

    const told = made.told.slice(mark);
    assert.equal(told.filter(({ kind }) => kind === 'news').length, 1);
    assert.equal(told.at(-1)?.kind, 'news');
  });

  it('an order within a turn is a fault of the program', async () => {
    const made = await driven((driver) => {
      assert.throws(() => driver.operate(ENGAGE), /an effect begins no turn of its own/);
    });
    made.driver.operate(ENGAGE);
  });
});
