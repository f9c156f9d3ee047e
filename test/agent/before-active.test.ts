// The hook before Active in the driver, with a kernel and an executor in memory: that addresses wait for it, and what
// becomes of them when the mind is changed meanwhile. The hook itself: test/hooks/before-active-hook.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { ACTIVE_DOWN } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

const ADDRESS = '10.99.0.100/24';

interface Hooked extends Rig {
  /** The virtual routers of each call, in order. */
  readonly calls: readonly (readonly string[])[];
  /** Ends the hook that is waited for. */
  readonly end: () => Promise<void>;
}

async function takingOver(settings = settingsOf([routerSettings({})])): Promise<Hooked> {
  const calls: (readonly string[])[] = [];
  const waiting: (() => void)[] = [];
  const made = rig({
    settings,
    beforeActive: (names) => {
      calls.push(names);
      return new Promise((resolve) => waiting.push(resolve));
    },
  });
  made.driver.start();
  await settle();
  made.kernel.advance(ACTIVE_DOWN);
  await settle();
  const end = async (): Promise<void> => {
    waiting.shift()?.();
    await settle();
  };
  return { ...made, calls, end };
}

const scripts = ({ executor }: Rig): string[] => executor.requests.map(({ input }) => input);

describe('the hook before Active', () => {
  it('is called once for all that get addresses; they come when it has ended', async () => {
    const west = { name: 'west', vrid: 52, addresses: [] };
    const [other] = routerSettings({}).addresses;
    assert.ok(other);
    const second = { ...west, addresses: [{ ...other, prefixLength: 25 }] };
    const made = await takingOver(settingsOf([routerSettings({}), routerSettings(second)]));
    assert.deepEqual(made.calls, [['lan', 'west']]);
    assert.deepEqual([scripts(made), made.kernel.has(INDEX, ADDRESS)], [[], false]);
    await made.end();
    assert.equal(scripts(made).length, 1);
    assert.ok(made.kernel.has(INDEX, ADDRESS));
    assert.ok(made.kernel.sent.length > 0);
  });

  it('a role that is lost meanwhile brings no address', async () => {
    const made = await takingOver();
    made.driver.operate({ kind: 'operator', command: 'maintenance-on', force: true });
    await settle();
    await made.end();
    assert.ok(!made.kernel.has(INDEX, ADDRESS));
    assert.ok(scripts(made).every((input) => !input.includes('address replace')));
  });

  it('nothing is added once the agent stops', async () => {
    const made = await takingOver();
    void made.driver.stop();
    await settle();
    await made.end();
    assert.deepEqual(scripts(made), []);
  });

  it('an address that somebody removed is put back without it', async () => {
    const made = await takingOver();
    await made.end();
    made.kernel.removeAddress(INDEX, ADDRESS);
    await settle();
    assert.equal(made.calls.length, 1);
    assert.ok(made.kernel.has(INDEX, ADDRESS));
  });

  it('is called again when the role comes again', async () => {
    const made = await takingOver();
    await made.end();
    made.kernel.setLink({ index: INDEX, name: 'eth0', carrier: false });
    await settle();
    made.kernel.setLink({ index: INDEX, name: 'eth0', carrier: true });
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    assert.equal(made.calls.length, 2);
  });
});
