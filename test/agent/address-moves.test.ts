// A reload that moves addresses: one plan over all virtual routers. What nobody wants goes, what somebody
// wants is not touched, and nobody else is blamed. On a kernel and an executor in memory.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { address } from '../support/fake-kernel.js';
import type { VirtualRouterSettings } from '../../src/config/settings.js';
import { ACTIVE_DOWN, active } from './active-rig.js';
import { INDEX, routerSettings, settingsOf, settle, type Rig } from './rig.js';

const OTHER_INDEX = 5;

const listed = (...texts: string[]) =>
  texts.map((text) => ({ address: address(`10.99.0.${text}`), prefixLength: 24 }));

const router = (
  name: string,
  vrid: number,
  addresses: VirtualRouterSettings['addresses'],
  change: Partial<VirtualRouterSettings> = {},
): VirtualRouterSettings => routerSettings({ name, vrid, addresses, ...change });

/** All are Active; what happens from then on is told by `since`. */
async function activeWith(...routers: VirtualRouterSettings[]): Promise<Moves> {
  const made = await active({
    settings: settingsOf(routers),
    before: (kernel) => {
      kernel.setLink({ index: OTHER_INDEX, name: 'eth1' });
      kernel.addAddress(OTHER_INDEX, '10.98.0.1/24');
      kernel.addAddress(INDEX, 'fe80::1/64');
    },
  });
  return new Moves(made);
}

class Moves {
  readonly made: Rig;
  #trace: number;
  #records: number;
  #requests: number;

  constructor(made: Rig) {
    this.made = made;
    this.#trace = made.trace.length;
    this.#records = made.records.length;
    this.#requests = made.executor.requests.length;
  }

  async reload(...routers: VirtualRouterSettings[]): Promise<void> {
    this.made.driver.configure(settingsOf(routers));
    await settle();
  }

  /** What the kernel did, in order. */
  get changes(): string[] {
    return this.made.trace.since(this.#trace).flatMap((event) => {
      if (event.kind !== 'address' && event.kind !== 'address-removed') return [];
      const { address: text, prefixLength, linkIndex } = event.address;
      const sign = event.kind === 'address' ? '+' : '-';
      return [`${sign}${text}/${prefixLength}${linkIndex === INDEX ? '' : ' on eth1'}`];
    });
  }

  get lines(): string[] {
    return this.made.executor.requests
      .slice(this.#requests)
      .flatMap(({ input }) => input.split('\n'))
      .filter((line) => line !== '');
  }

  /** The appliance blames nobody, and its roles stay. */
  quiet(): void {
    const { records, driver } = this.made;
    const names = records.slice(this.#records).map(({ event }) => event);
    assert.deepEqual(names, []);
    for (const { state } of driver.snapshot().virtualRouters) assert.equal(state, 'Active');
  }
}

describe('a reload', () => {
  it('that moves an address between two virtual routers touches none, in either order', async () => {
    const one = router('one', 51, listed('100'));
    const two = router('two', 52, listed('101', '102'));
    const moved = [router('one', 51, listed('100', '102')), router('two', 52, listed('101'))];
    for (const turned of [false, true]) {
      const moves = await activeWith(...(turned ? [two, one] : [one, two]));
      await moves.reload(...(turned ? moved.toReversed() : moved));
      assert.deepEqual(moves.changes, []);
      assert.ok(moves.lines.every((line) => !line.includes(' del ')));
      moves.quiet();
    }
  });

  it('that swaps all addresses of two virtual routers touches none', async () => {
    const moves = await activeWith(
      router('one', 51, listed('100')),
      router('two', 52, listed('101')),
    );
    await moves.reload(router('one', 51, listed('101')), router('two', 52, listed('100')));
    assert.deepEqual(moves.changes, []);
    moves.quiet();
  });

  it('that deletes a virtual router, while another one takes its address, does not touch it', async () => {
    const moves = await activeWith(
      router('one', 51, listed('100')),
      router('two', 52, listed('101')),
    );
    await moves.reload(router('two', 52, listed('101', '100')));
    assert.deepEqual(moves.changes, []);
  });

  it('that deletes a virtual router removes what nobody wants, and no more', async () => {
    const moves = await activeWith(
      router('one', 51, listed('100', '102')),
      router('two', 52, listed('101')),
    );
    await moves.reload(router('two', 52, listed('101', '102')));
    assert.deepEqual(moves.changes, ['-10.99.0.100/24']);
    assert.deepEqual(
      moves.made.driver.keeper.leftovers().standing.flatMap((one) => one.addresses),
      [...listed('102', '101')],
    );
  });

  it('that gives a virtual router another name changes nothing', async () => {
    const moves = await activeWith(router('one', 51, listed('100')));
    const sent = moves.made.kernel.sent.length;
    await moves.reload(router('uno', 51, listed('100')));
    assert.deepEqual([moves.changes, moves.lines], [[], []]);
    assert.equal(moves.made.kernel.sent.length, sent, 'no farewell');
    moves.quiet();
    await moves.reload(router('eins', 51, listed('100', '101')));
    assert.deepEqual(moves.changes, ['+10.99.0.101/24'], 'and another list at the same time');
    moves.quiet();
  });

  it('that gives a virtual router another VRID: its address goes, and comes with the role', async () => {
    const moves = await activeWith(router('one', 51, listed('100')));
    await moves.reload(router('one', 61, listed('100')));
    assert.deepEqual(moves.changes, ['-10.99.0.100/24']);
    moves.made.kernel.advance(ACTIVE_DOWN);
    await settle();
    assert.deepEqual(moves.changes, ['-10.99.0.100/24', '+10.99.0.100/24']);
  });

  it('that moves an address to another interface: it is there before it goes here', async () => {
    const here = router('here', 51, listed('100'));
    const there = router('there', 52, listed('101'), { interface: 'eth1' });
    const moves = await activeWith(here, router('there', 52, listed('101'), { interface: 'eth1' }));
    await moves.reload(router('here', 51, listed('102')), {
      ...there,
      addresses: listed('101', '100'),
    });
    assert.deepEqual(moves.changes, [
      '+10.99.0.102/24',
      '+10.99.0.100/24 on eth1',
      '-10.99.0.100/24',
    ]);
    moves.quiet();
  });

  it('that changes a prefix length: IPv4 is there before it goes', async () => {
    const moves = await activeWith(router('one', 51, listed('100')));
    const addresses = [{ address: address('10.99.0.100'), prefixLength: 25 }];
    await moves.reload(router('one', 51, addresses));
    assert.deepEqual(moves.changes, ['+10.99.0.100/25', '-10.99.0.100/24']);
    moves.quiet();
  });

  it('that changes a prefix length: IPv6 cannot stand twice, and goes first', async () => {
    const six = (prefixLength: number): VirtualRouterSettings =>
      router('six', 51, [{ address: address('fe80::51'), prefixLength }], { family: 'ipv6' });
    const moves = await activeWith(six(64));
    await moves.reload(six(128));
    assert.deepEqual(moves.changes, ['-fe80::51/64', '+fe80::51/128']);
    moves.quiet();
  });

  it('that gives an address to a Backup: it goes', async () => {
    const moves = await activeWith(router('one', 51, listed('100', '102')));
    await moves.reload(router('one', 51, listed('100')), router('two', 52, listed('102')));
    assert.deepEqual(moves.changes, ['-10.99.0.102/24']);
  });
});
