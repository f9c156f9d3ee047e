// acceptMode: false in the driver, with a kernel and an executor in memory: by which program scripts run, what their
// first line names, and what is remembered. What the program does: test/scripts/accept-mode.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { PACKAGE_ACCEPT_MODE } from '../../src/config/defaults.js';
import { exited } from '../support/fake-executor.js';
import { ACTIVE_DOWN, active } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

const TEN_SECONDS = 10_000_000;
const VIP = '/usr/lib/understudy/vip';
const THROUGH = [PACKAGE_ACCEPT_MODE, VIP];
const ADDS = 'address replace 10.99.0.100/24 dev eth0 valid_lft 3 preferred_lft 3';
const REMOVES = 'address del 10.99.0.100/24 dev eth0';
const OTHER = {
  name: 'west',
  vrid: 52,
  addresses: [{ ...address('10.99.0.101'), prefixLength: 24 }],
};

function address(text: string) {
  return { address: text as ReturnType<typeof routerSettings>['addresses'][number]['address'] };
}

const settings = (acceptMode: boolean) =>
  settingsOf([routerSettings({ acceptMode }), routerSettings(OTHER)]);

const linesOf = ({ executor }: Rig): string[] =>
  executor.requests.at(-1)?.input.trimEnd().split('\n') ?? [];

describe('acceptMode: false', () => {
  it('its addresses are named first, and script, will and what waits run through its program', async () => {
    const made = await active({ settings: settings(false) });
    const { executor } = made;
    assert.deepEqual(executor.requests.at(-1)?.argv, THROUGH);
    assert.deepEqual(linesOf(made).slice(0, 2), ['#accept-mode false: 10.99.0.100', ADDS]);
    assert.deepEqual(executor.standbys.at(-1)?.argv, THROUGH);
    assert.deepEqual(executor.will?.release.argv, THROUGH);
    assert.equal(executor.will?.release.input.split('\n')[0], '#accept-mode false:');
    const { standing } = made.driver.keeper.leftovers();
    assert.deepEqual(
      standing.map(({ acceptMode, addresses }) => [acceptMode, addresses[0]?.address]),
      [
        [false, '10.99.0.100'],
        [undefined, '10.99.0.101'],
      ],
    );
  });

  it('a reload opens what stands, and a later one closes it again', async () => {
    const made = await active({ settings: settings(false) });
    made.driver.configure(settings(true));
    await settle();
    assert.deepEqual(linesOf(made), ['#accept-mode false: true: 10.99.0.100', ADDS]);
    assert.deepEqual(made.executor.standbys.at(-1)?.argv, [VIP]);
    assert.deepEqual(made.executor.will?.release.argv, [VIP]);
    made.driver.configure(settings(false));
    await settle();
    assert.deepEqual(linesOf(made), ['#accept-mode false: 10.99.0.100', ADDS]);
    assert.ok(made.kernel.has(INDEX, '10.99.0.100/24'));
  });

  it('an address that could not be closed has failed, and only that one', async () => {
    const made = rig({ settings: settings(false) });
    const complaint = `vip: line 2: ${ADDS}: not added, as acceptMode is false and nft says: no\n`;
    made.executor.answers.push(exited(1, complaint));
    made.driver.start();
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    const yielded = made.records.filter(({ event }) => event === 'address-yielded');
    assert.deepEqual(
      yielded.map(({ virtualRouter }) => virtualRouter),
      ['lan'],
    );
    assert.match(yielded[0]?.detail ?? '', /not added, as acceptMode is false/);
  });

  it('what an agent has left closed is opened when it goes, though nothing is closed any more', async () => {
    const left = {
      interface: 'eth0',
      linkIndex: INDEX,
      addresses: routerSettings({}).addresses,
      acceptMode: false,
    };
    const made = rig({
      leftovers: [left],
      before: (kernel) => kernel.addAddress(INDEX, '10.99.0.100/24'),
    });
    made.driver.start();
    await settle();
    made.kernel.advance(TEN_SECONDS);
    await settle();
    const [first] = made.executor.requests;
    assert.deepEqual([first?.argv, first?.input], [THROUGH, `#accept-mode false:\n${REMOVES}\n`]);
  });

  it('without any, scripts run as they are', async () => {
    const made = await active({ settings: settings(true) });
    assert.deepEqual(made.executor.requests.at(-1)?.argv, [VIP]);
    assert.ok(linesOf(made)[0]?.startsWith('address replace'));
  });
});
