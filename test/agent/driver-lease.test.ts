// The driver and its lease, with a kernel and an executor in memory: when it is held, what a wake-up
// after a revocation begins with, what a stall means when the addresses have expired.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { instant } from '../../src/model/units.js';
import { ACTIVE_DOWN, SECOND } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';
import { address } from '../support/address.js';

const ADDRESS = '10.99.0.100/24';

const routerOf = ({ driver }: Rig) => driver.snapshot().virtualRouters[0];

async function leased(): Promise<Rig> {
  const made = rig();
  made.driver.start();
  await settle();
  assert.deepEqual([made.kernel.leaseHeld, made.executor.will], [false, null]);
  made.kernel.advance(ACTIVE_DOWN);
  await settle();
  assert.equal(routerOf(made)?.state, 'Active');
  assert.ok(made.kernel.has(INDEX, ADDRESS));
  return made;
}

/** What stands in the addresses' way: the executor's release, as the kernel tells it. */
function releasedByExecutor({ kernel }: Rig): void {
  kernel.revokeLease();
  kernel.removeAddress(INDEX, ADDRESS);
}

describe('the lease of the driver', () => {
  it('is held while an Active has addresses, and names them for renewal', async () => {
    const made = await leased();
    assert.equal(made.kernel.leaseHeld, true);
    const { lease, lifetime, addresses } = made.executor.will ?? {};
    assert.deepEqual(lease, { listenAfter: 1_500, farewellAfter: 5_000, killAfter: 6_000 });
    assert.deepEqual([lifetime, addresses?.length], [3, 1]);
  });

  it('when it was revoked, the wake-up begins with that: nothing is sent, nothing put back', async () => {
    const made = await leased();
    const { kernel, driver, executor } = made;
    const [sent, scripts] = [kernel.sent.length, executor.requests.length];
    kernel.stall(2 * SECOND);
    kernel.quietly(() => releasedByExecutor(made));
    await settle();
    assert.deepEqual([routerOf(made)?.state, routerOf(made)?.reason], ['Backup', 'lease-lapsed']);
    assert.equal(kernel.sent.length, sent);
    assert.deepEqual(
      executor.requests.slice(scripts).map(({ input }) => input),
      ['address del 10.99.0.100/24 dev eth0\n'],
    );
    assert.equal(executor.will, null);
    const kinds = driver.recorder.recording().events.map(({ event }) => event.kind);
    assert.equal(kinds.filter((kind) => kind === 'revoked').length, 1);
    // The usual rules apply, and the lease is taken anew.
    kernel.advance(ACTIVE_DOWN);
    await settle();
    assert.deepEqual([routerOf(made)?.state, kernel.leaseHeld], ['Active', true]);
    assert.ok(kernel.has(INDEX, ADDRESS));
  });

  it('an operator who comes first after the hang is answered by a Backup', async () => {
    const made = await leased();
    const sent = made.kernel.sent.length;
    made.kernel.revokeLease();
    assert.notEqual(made.driver.operate({ kind: 'operator', command: 'failover' }), null);
    assert.equal(routerOf(made)?.reason, 'lease-lapsed');
    assert.equal(made.kernel.sent.length, sent);
  });

  it('an order that an Active would answer with a farewell says nothing when it comes first after the hang', async () => {
    const made = await leased();
    const sent = made.kernel.sent.length;
    made.kernel.revokeLease();
    assert.equal(
      made.driver.operate({ kind: 'operator', command: 'maintenance-on', force: true }),
      null,
    );
    assert.equal(made.kernel.sent.length, sent);
  });

  it('new settings that come first after the hang find a Backup', async () => {
    const made = await leased();
    const sent = made.kernel.sent.length;
    made.kernel.revokeLease();
    made.driver.configure(made.driver.settings);
    assert.equal(routerOf(made)?.state, 'Backup');
    assert.equal(made.kernel.sent.length, sent);
  });

  it('revoked in the middle of a wake-up: no new will, and the next wake-up begins with it', async () => {
    const made = await leased();
    made.kernel.addAddress(INDEX, '10.99.0.7/24');
    const wills = made.executor.wills.length;
    // The first look finds it held, the one at the end does not.
    made.kernel.onRenew = () => {
      made.kernel.onRenew = () => made.kernel.revokeLease();
    };
    made.kernel.advance(SECOND);
    made.kernel.onRenew = null;
    assert.equal(made.executor.wills.length, wills);
    await settle();
    assert.equal(routerOf(made)?.reason, 'lease-lapsed');
  });

  it('a stall in which the addresses expired is a revocation', async () => {
    const made = await leased();
    const { kernel, executor } = made;
    const scripts = executor.requests.length;
    kernel.stall(5 * SECOND);
    kernel.quietly(() => kernel.removeAddress(INDEX, ADDRESS));
    await settle();
    assert.equal(routerOf(made)?.reason, 'lease-lapsed');
    assert.ok(!kernel.has(INDEX, ADDRESS));
    assert.ok(executor.requests.slice(scripts).every(({ input }) => input.includes('del')));
  });

  it('a stall between the decision and the sending: nothing is sent, and the core hears of it first', async () => {
    const made = await leased();
    const { kernel, driver } = made;
    const [sent, told] = [kernel.sent.length, driver.recorder.recording().events.length];
    kernel.onSend = () => {
      kernel.onSend = null;
      kernel.stall(5 * SECOND);
      kernel.quietly(() => kernel.removeAddress(INDEX, ADDRESS));
    };
    kernel.advance(SECOND);
    await settle();
    assert.equal(kernel.onSend, null, 'something was to be sent');
    assert.equal(kernel.sent.length, sent);
    assert.equal(routerOf(made)?.reason, 'lease-lapsed');
    const kinds = driver.recorder
      .recording()
      .events.slice(told)
      .map(({ event }) => event.kind);
    assert.ok(kinds.includes('revoked'), kinds.join());
  });

  it('a lease that was revoked between the decision and the sending: the addresses go at once', async () => {
    const made = await leased();
    const { kernel, executor } = made;
    const [sent, scripts] = [kernel.sent.length, executor.requests.length];
    kernel.onSend = () => {
      kernel.onSend = null;
      kernel.stall(5 * SECOND);
      kernel.revokeLease();
    };
    kernel.advance(SECOND);
    assert.equal(kernel.sent.length, sent);
    assert.deepEqual(
      executor.requests.slice(scripts).map(({ input }) => input),
      ['address del 10.99.0.100/24 dev eth0\n'],
    );
    await settle();
    assert.deepEqual([routerOf(made)?.state, routerOf(made)?.reason], ['Backup', 'lease-lapsed']);
  });

  it('a stall there in which the addresses stayed: others are heard before anything is sent', async () => {
    const made = await leased();
    const { kernel } = made;
    const sent = kernel.sent.length;
    kernel.onSend = () => {
      kernel.onSend = null;
      kernel.stall(5 * SECOND);
    };
    kernel.advance(SECOND);
    await settle();
    assert.deepEqual([routerOf(made)?.state, kernel.sent.length], ['Active', sent]);
    kernel.advance(1.5 * SECOND);
    await settle();
    assert.equal(kernel.sent.length, sent + 1, 'and then it goes on');
  });

  it('a stall while it decides, or a suspension of the machine, is one between decision and sending', async () => {
    const stalls = [
      ({ kernel }: Rig): void => kernel.stall(5 * SECOND),
      ({ kernel }: Rig): void => void (kernel.suspendedFor += 5 * SECOND),
    ];
    for (const stall of stalls) {
      const made = await leased();
      const sent = made.kernel.sent.length;
      // The lease is renewed at the begin of a wake-up, before anything is decided.
      made.kernel.onRenew = () => {
        made.kernel.onRenew = null;
        stall(made);
      };
      made.kernel.advance(SECOND);
      await settle();
      assert.deepEqual([routerOf(made)?.state, made.kernel.sent.length], ['Active', sent]);
    }
  });

  it('a suspension of the machine before a wake-up is a stall: others are heard first', async () => {
    const made = await leased();
    const sent = made.kernel.sent.length;
    made.kernel.suspendedFor += 5 * SECOND;
    made.kernel.advance(SECOND);
    await settle();
    assert.deepEqual([routerOf(made)?.state, made.kernel.sent.length], ['Active', sent]);
    made.kernel.advance(1.5 * SECOND);
    await settle();
    assert.equal(made.kernel.sent.length, sent + 1);
  });

  it('a stall in which they stayed is none: the role is kept, and others are heard first', async () => {
    const made = await leased();
    made.kernel.stall(5 * SECOND);
    made.kernel.advance(0);
    await settle();
    assert.deepEqual([routerOf(made)?.state, made.kernel.leaseHeld], ['Active', true]);
  });

  it('an address that somebody removes while it is awake is put back', async () => {
    const made = await leased();
    made.kernel.removeAddress(INDEX, ADDRESS);
    await settle();
    assert.equal(routerOf(made)?.state, 'Active');
    assert.ok(made.kernel.has(INDEX, ADDRESS));
  });
});

/** An Active of many whose clock goes on by so many microseconds whenever it is looked at. */
async function slowActive(pace: number): Promise<Rig> {
  const routers = Array.from({ length: 100 }, (_, index) =>
    routerSettings({
      name: `lan${index}`,
      vrid: index + 1,
      addresses: [{ address: address(`10.99.1.${index + 1}`), prefixLength: 32 }],
    }),
  );
  const made = rig({ settings: settingsOf(routers), watchdogTimeout: 2 * SECOND });
  const { kernel, driver } = made;
  driver.start();
  await settle();
  kernel.advance(ACTIVE_DOWN);
  await settle();
  assert.ok(driver.snapshot().virtualRouters.every(({ state }) => state === 'Active'));
  kernel.now = () => (kernel.clock = instant(kernel.clock + pace));
  return made;
}

/** What was said, in the wake-up in which every priority changes, before the will of its end was left. */
function saidWithin({ kernel, executor, driver }: Rig): { steps: number; signs: number } {
  const before = { steps: kernel.steps, signs: kernel.notifications.length };
  const said: { steps: number; signs: number }[] = [];
  executor.setWill = () => {
    const [steps, signs] = [
      kernel.steps - before.steps,
      kernel.notifications.length - before.signs,
    ];
    said.push({ steps, signs });
  };
  const { settings } = driver;
  const virtualRouters = settings.virtualRouters.map((one) => ({ ...one, priority: 90 }));
  driver.configure({ ...settings, virtualRouters });
  const last = said.at(-1);
  assert.ok(last !== undefined, 'a will is left at its end');
  return last;
}

describe('a wake-up that takes long', () => {
  it('says to the executor and to the service manager that it gets on', async () => {
    const { steps, signs } = saidWithin(await slowActive(SECOND / 2));
    assert.ok(steps >= 6 && signs >= 6, `${steps} steps, ${signs} signs of life`);
  });

  it('that is over soon says nothing in between', async () => {
    const made = rig({ watchdogTimeout: 2 * SECOND });
    made.driver.start();
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    assert.equal(made.kernel.steps, 0);
  });

  it('is taken for one without an end after half a minute', async () => {
    const { steps, signs } = saidWithin(await slowActive(40 * SECOND));
    assert.ok(steps <= 3 && signs <= 6, `${steps} steps, ${signs} signs of life`);
  });
});
