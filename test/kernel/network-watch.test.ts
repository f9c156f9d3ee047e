// The rtnetlink subscription, on real interfaces.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach, before, beforeEach, describe, it } from '../support/test.js';
import { networkFacts } from '../../src/agent/host-watch.js';
import { networkHere } from '../../src/host/observe.js';
import type { NetworkChange, NetworkWatch } from '../../src/kernel/kernel.js';
import { openKernel } from '../../src/kernel/native.js';
import { formatAddressWithPrefix, type IpAddress } from '../../src/model/address.js';
import type { Link, LinkAddress } from '../../src/model/link.js';
import { enterNamespace, ip, joinPeer, layCable } from '../support/namespace.js';
import { Inbox } from './inbox.js';

const skip = enterNamespace(import.meta.url);

/** One change in a line. */
function lineOf(change: NetworkChange): string {
  switch (change.kind) {
    case 'link':
    case 'link-removed':
      return `${change.kind} ${change.link.name}`;
    case 'address':
    case 'address-removed':
      return `${change.kind} ${formatAddressWithPrefix(change.address)}`;
    case 'resynchronized':
      return change.kind;
  }
}

/** Adds or deletes 10.0.0.0 to 10.0.<hundreds>.99 in one run of `ip`. */
const manyAddresses = (verb: 'add' | 'del', hundreds: number): void => {
  const lines: string[] = [];
  for (let index = 0; index < hundreds * 100; index += 1) {
    lines.push(`address ${verb} 10.0.${Math.floor(index / 100)}.${index % 100}/32 dev lan`);
  }
  execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') });
};

describe('network watch', { skip }, () => {
  let watch: NetworkWatch;
  let changes: Inbox<NetworkChange>;

  const lan = (): Link => {
    const link = [...watch.links.values()].find(({ name }) => name === 'lan');
    assert.ok(link !== undefined, 'there is an interface named lan');
    return link;
  };
  const onLan = (): string[] =>
    [...watch.addresses()]
      .filter(({ linkIndex }) => linkIndex === lan().index)
      .map(formatAddressWithPrefix)
      .sort();
  const known = (text: string): LinkAddress | undefined =>
    [...watch.addresses()].find(({ address }) => address === text);
  /** Waits for a change: the kernel may tell of an IPv6 address later than `ip` returns. */
  const told = (line: string): Promise<NetworkChange> =>
    changes.takeUntil((change) => lineOf(change) === line, line);
  /** What a drain hands over now: netlink delivers what concerns IPv4 and links before `ip` returns. */
  const drained = (): string[] => {
    const lines: string[] = [];
    watch.receive((change) => lines.push(lineOf(change)));
    return lines;
  };

  before(joinPeer);
  beforeEach(() => {
    changes = new Inbox();
    watch = openKernel().openNetworkWatch(() => watch.receive(changes.put));
  });
  afterEach(() => watch.close());

  it('knows everything from the first moment', () => {
    assert.deepEqual(lan(), {
      index: lan().index,
      name: 'lan',
      up: true,
      carrier: true,
      mtu: 1500,
      macAddress: '02:00:00:00:00:01',
    });
    assert.deepEqual(onLan(), ['192.0.2.1/24', 'fe80::1/64']);
    const address = known('192.0.2.1');
    assert.deepEqual(address, {
      address: '192.0.2.1' as IpAddress,
      prefixLength: 24,
      linkIndex: lan().index,
      usable: true,
      secondary: false,
      validSeconds: null,
    });
  });

  it('tells of carrier lost at the other end, and found again', async () => {
    ip('-n peer link set lan down');
    const lost = await changes.takeUntil(({ kind }) => kind === 'link');
    assert.ok(lost.kind === 'link');
    assert.deepEqual([lost.link.up, lost.link.carrier], [true, false]);
    assert.equal(lan().carrier, false);
    ip('-n peer link set lan up');
    const found = await changes.takeUntil(({ kind }) => kind === 'link');
    assert.ok(found.kind === 'link');
    assert.equal(found.link.carrier, true);
  });

  it('tells of the administrator taking the interface down, IPv6 address included', async () => {
    ip('link set lan down');
    assert.ok(drained().includes('address-removed fe80::1/64'));
    assert.deepEqual([lan().up, lan().carrier], [false, false]);
    assert.deepEqual(onLan(), ['192.0.2.1/24']);
    ip('link set lan up');
    ip('address add fe80::1/64 dev lan nodad');
    await told('address fe80::1/64');
    assert.equal(lan().up, true);
  });

  it('knows for how long an address stands, of either family', async () => {
    ip('address add 192.0.2.100/24 dev lan valid_lft 300 preferred_lft 300');
    ip('address add 2001:db8::51/64 dev lan nodad valid_lft 300 preferred_lft 0');
    await told('address 2001:db8::51/64');
    drained();
    for (const text of ['192.0.2.100', '2001:db8::51']) {
      const seconds = known(text)?.validSeconds;
      assert.ok(seconds !== undefined && seconds !== null && seconds > 200 && seconds <= 300, text);
    }
    ip('address replace 192.0.2.100/24 dev lan');
    assert.deepEqual(drained(), ['address 192.0.2.100/24']);
    assert.equal(known('192.0.2.100')?.validSeconds, null);
    ip('address del 192.0.2.100/24 dev lan');
    ip('address del 2001:db8::51/64 dev lan');
    drained();
  });

  it('tells of addresses added and removed, once', () => {
    ip('address add 192.0.2.100/24 dev lan');
    ip('address add 198.51.100.1 peer 198.51.100.2/32 dev lan');
    assert.deepEqual(drained(), ['address 192.0.2.100/24', 'address 198.51.100.1/32']);
    const added = known('192.0.2.100');
    assert.equal(added?.secondary, true);
    ip('address del 192.0.2.100/24 dev lan');
    ip('address del 198.51.100.1 peer 198.51.100.2/32 dev lan');
    assert.deepEqual(drained(), [
      'address-removed 192.0.2.100/24',
      'address-removed 198.51.100.1/32',
    ]);
    assert.deepEqual(drained(), []);
  });

  it('does not tell of a renewed lifetime', () => {
    ip('address add 192.0.2.100/32 dev lan valid_lft 100 preferred_lft 100');
    assert.deepEqual(drained(), ['address 192.0.2.100/32']);
    ip('address replace 192.0.2.100/32 dev lan valid_lft 200 preferred_lft 200');
    assert.deepEqual(drained(), []);
    ip('address del 192.0.2.100/32 dev lan');
    drained();
  });

  it('tells of an IPv6 address twice: tentative, then usable', async () => {
    ip('address add 2001:db8::1/64 dev lan');
    const states: boolean[] = [];
    await changes.takeUntil((change) => {
      if (change.kind !== 'address' || change.address.address !== '2001:db8::1') return false;
      states.push(change.address.usable);
      return change.address.usable;
    }, '2001:db8::1 to be usable');
    assert.deepEqual(states, [false, true]);
    ip('address del 2001:db8::1/64 dev lan');
  });

  it('takes an address that failed duplicate address detection for unusable', async () => {
    ip('-n peer address add 2001:db8::9/64 dev lan nodad');
    ip('address add 2001:db8::9/64 dev lan');
    drained();
    // The kernel says nothing but that it stays; both states are unusable.
    const address = known('2001:db8::9');
    assert.equal(address?.usable, false);
    ip('address del 2001:db8::9/64 dev lan');
    ip('-n peer address del 2001:db8::9/64 dev lan');
  });

  it('takes an optimistic address for usable at once', async () => {
    // Without use_optimistic the kernel keeps silent until detection has finished.
    for (const setting of ['optimistic_dad', 'use_optimistic']) {
      writeFileSync(`/proc/sys/net/ipv6/conf/lan/${setting}`, '1');
    }
    ip('address add 2001:db8::2/64 dev lan optimistic');
    const change = await told('address 2001:db8::2/64');
    assert.ok(change.kind === 'address');
    assert.equal(change.address.usable, true, 'usable by the first notice');
    ip('address del 2001:db8::2/64 dev lan');
  });

  it('tells of a new name, a new MTU, a new hardware address', () => {
    ip('link set lan mtu 1400');
    ip('link set lan address 02:00:00:00:00:aa');
    drained();
    assert.deepEqual([lan().mtu, lan().macAddress], [1400, '02:00:00:00:00:aa']);
    const { index } = lan();
    ip('link set lan down');
    ip('link set lan name wan');
    assert.ok(drained().includes('link wan'));
    assert.equal(watch.links.get(index)?.name, 'wan');
    ip('link set wan name lan');
    ip('link set lan mtu 1500 address 02:00:00:00:00:01 up');
    ip('address add fe80::1/64 dev lan nodad');
    drained();
  });

  it('does not take a port that leaves a bridge for an interface that is gone', () => {
    ip('link add bridge0 type bridge');
    ip('link set lan master bridge0');
    ip('link set lan nomaster');
    ip('link delete bridge0');
    const lines = drained();
    assert.ok(lines.includes('link-removed bridge0'));
    assert.ok(!lines.includes('link-removed lan'), lines.join('\n'));
    assert.ok(lan().up);
  });

  it('hands over the addresses of a deleted interface before the interface', async () => {
    ip('link delete lan');
    const lines = drained().filter((line) => line.includes('removed'));
    assert.deepEqual(lines.toSorted(), [
      'address-removed 192.0.2.1/24',
      'address-removed fe80::1/64',
      'link-removed lan',
    ]);
    assert.equal(lines.at(-1), 'link-removed lan');
    assert.deepEqual(
      [...watch.links.values()].map(({ name }) => name),
      ['lo'],
    );
    layCable();
    await told('address fe80::1/64');
    assert.deepEqual(onLan(), ['192.0.2.1/24', 'fe80::1/64']);
  });

  it('finds by a full dump what was lost, and goes on hearing', async () => {
    watch.close();
    let isReadable = (): void => {};
    const readable = new Promise<void>((resolve) => {
      isReadable = resolve;
    });
    let reading = false;
    watch = openKernel({ networkReceiveBuffer: 4096 }).openNetworkWatch(() => {
      isReadable();
      if (reading) watch.receive(changes.put);
    });
    ip('address add 192.0.2.77/32 dev lan');
    drained();
    manyAddresses('add', 3);
    ip('address del 192.0.2.77/32 dev lan');
    const lines = drained();
    assert.equal(lines.at(-1), 'resynchronized');
    assert.equal(lines.filter((line) => line.startsWith('address 10.')).length, 300);
    assert.equal(new Set(lines).size, lines.length, 'each change once');
    assert.ok(lines.includes('address-removed 192.0.2.77/32'));
    assert.equal(onLan().length, 302);

    // The error on the socket stops libuv's poll: without being resumed it would stay silent.
    manyAddresses('del', 3);
    await readable;
    reading = true;
    await changes.takeUntil(({ kind }) => kind === 'resynchronized');
    assert.equal(onLan().length, 2);
    ip('address add 192.0.2.78/32 dev lan');
    await changes.takeUntil((change) => lineOf(change) === 'address 192.0.2.78/32');
    ip('address del 192.0.2.78/32 dev lan');
  });

  it('hears a burst that fits its buffer without a dump', () => {
    manyAddresses('add', 10);
    const lines = drained();
    assert.equal(lines.length, 1000);
    assert.ok(!lines.includes('resynchronized'));
    manyAddresses('del', 10);
    assert.equal(drained().length, 1000);
  });

  it('compares with a full dump when asked to', () => {
    const lines: string[] = [];
    watch.resynchronize((change) => lines.push(lineOf(change)));
    assert.equal(lines.length, 0, 'nothing differs');
    ip('address add 192.0.2.100/24 dev lan');
    watch.resynchronize((change) => lines.push(lineOf(change)));
    assert.deepEqual(lines, ['address 192.0.2.100/24']);
    ip('address del 192.0.2.100/24 dev lan');
    drained();
  });

  it('may be closed by a handler, which then hears no more', () => {
    manyAddresses('add', 1);
    let count = 0;
    watch.receive(() => {
      count += 1;
      watch.close();
    });
    assert.equal(count, 1);
    assert.throws(() => watch.receive(() => {}), {
      code: 'EBADF',
      message: /EBADF .it was closed before/,
    });
    manyAddresses('del', 1);
  });

  it('refuses to be called from its own handler', () => {
    ip('address add 192.0.2.100/24 dev lan');
    assert.throws(() => watch.receive(() => watch.resynchronize(() => {})), /from its own handler/);
    ip('address del 192.0.2.100/24 dev lan');
    drained();
  });

  it('tells the agent of interfaces and addresses what `ip` tells `check`', async () => {
    ip('address add 10.7.0.1/24 dev lan');
    watch.resynchronize(() => undefined);
    const agent = networkFacts({
      links: () => watch.links.values(),
      addresses: () => watch.addresses(),
    });
    const check = await networkHere();
    assert.deepEqual(agent.links, check.links);
    assert.equal(agent.links?.get('lan'), 'ethernet');
    assert.equal(agent.links.get('lo'), 'loopback');
    const texts = (facts: typeof agent): string[] =>
      facts.addresses
        .map((one) => `${one.interface} ${formatAddressWithPrefix(one)}`)
        .filter((text) => !text.includes('fe80'))
        .toSorted();
    assert.deepEqual(texts(agent), texts(check));
    assert.ok(texts(agent).includes('lan 10.7.0.1/24'), texts(agent).join());
  });
});
