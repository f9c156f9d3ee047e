// A look at the kernel's lists, which somebody else reads in a thread: what becomes of it by what is told meanwhile. The addon
// is made up; what it reads on real interfaces is the last test's.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { loadAddon, type Addon, type Handle } from '../../src/kernel/addon.js';
import type { NetworkChange, NetworkWatch } from '../../src/kernel/kernel.js';
import { dumpOf } from '../../src/kernel/network-picture.js';
import { NetworkRecords } from '../../src/kernel/network-records.js';
import { openNetworkWatch } from '../../src/kernel/network-watch.js';
import { openKernel } from '../../src/kernel/native.js';
import { within } from '../support/limits.js';
import { enterNamespace, ip } from '../support/namespace.js';

const skip = enterNamespace(import.meta.url);

const RECORD_SIZE = 92;

/** The records of links of these indexes, as the addon lays them out. */
function linksOf(...indexes: readonly number[]): Buffer {
  const bytes = Buffer.alloc(indexes.length * RECORD_SIZE);
  indexes.forEach((index, at) => {
    bytes.writeInt32LE(1, at * RECORD_SIZE);
    bytes.writeInt32LE(index, at * RECORD_SIZE + 4);
    bytes.write(`eth${index}`, at * RECORD_SIZE + 68);
  });
  return bytes;
}

/** The record of an address, 10.0.0.1 or 2001:db8::1, on the link of this index. */
function addressOn(index: number, family: 4 | 6): Buffer {
  const bytes = Buffer.alloc(RECORD_SIZE);
  bytes.writeInt32LE(3, 0);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt8(family, 16);
  bytes.writeUInt8(family === 4 ? 24 : 64, 17);
  bytes.set(family === 4 ? [10, 0, 0, 1] : [0x20, 0x01, 0x0d, 0xb8], 52);
  return bytes;
}

class MadeUp {
  /** The notifications that wait; what the lists are read to be while somebody waits for them. */
  told: Buffer[] = [];
  read: ((records: ArrayBuffer | number) => void) | null = null;
  looks = 0;
  /** No thread can be had. */
  refused = false;
  woken = 0;
  readonly watch: NetworkWatch;

  constructor() {
    const addon: Partial<Addon> = {
      openNetworkWatch: () => ({}) as Handle,
      listNetwork: () => new ArrayBuffer(0),
      receiveNetwork: (_, batch) => {
        const next = this.told.shift();
        if (next === undefined) return 0;
        new Uint8Array(batch).set(next);
        return next.length / RECORD_SIZE;
      },
      lookAtNetwork: (onRead) => {
        if (this.refused) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
        this.looks += 1;
        this.read = onRead;
      },
      close: () => undefined,
    };
    this.watch = openNetworkWatch(addon as Addon, 0, () => (this.woken += 1));
  }

  /** The thread has read these links, or has failed. */
  end(found: Buffer | number): void {
    const { read } = this;
    assert.ok(read !== null, 'a look is under way');
    this.read = null;
    read(typeof found === 'number' ? found : Uint8Array.from(found).buffer);
  }

  received(): string[] {
    const lines: string[] = [];
    const line = (change: NetworkChange): string =>
      'link' in change ? `${change.kind} ${change.link.name}` : change.kind;
    this.watch.receive((change) => lines.push(line(change)));
    return lines;
  }
}

describe('a look', () => {
  it('waits for nobody: what it finds is handed over once it was read, and asks to be taken', () => {
    const network = new MadeUp();
    network.watch.look();
    assert.deepEqual(network.received(), []);
    assert.equal(network.watch.links.size, 0);
    network.end(linksOf(2, 3));
    assert.equal(network.woken, 1);
    assert.equal(network.watch.links.size, 0, 'not before it is taken');
    assert.deepEqual(network.received(), ['link eth2', 'link eth3']);
    network.watch.look();
    network.end(linksOf(3));
    assert.deepEqual(network.received(), ['link-removed eth2']);
    assert.deepEqual([...network.watch.links.keys()], [3]);
  });

  it('that finds what is known wakes nobody', () => {
    const network = new MadeUp();
    network.told = [linksOf(2)];
    network.received();
    network.watch.look();
    network.end(linksOf(2));
    assert.equal(network.woken, 0);
    assert.deepEqual(network.received(), []);
  });

  it('is void when something is told while it is under way, or before it is taken', () => {
    const network = new MadeUp();
    network.watch.look();
    network.told = [linksOf(2)];
    assert.deepEqual(network.received(), ['link eth2']);
    network.end(linksOf());
    assert.equal(network.woken, 0);
    assert.deepEqual(network.received(), [], 'what came meanwhile stays');

    network.watch.look();
    network.end(linksOf());
    network.told = [linksOf(3)];
    assert.deepEqual(network.received(), ['link eth3'], 'as does what came since');
    assert.deepEqual([...network.watch.links.keys()], [2, 3]);
    assert.deepEqual(network.received(), [], 'and it is not taken later');
  });

  it('is one at a time, and one that failed is followed by another', () => {
    const network = new MadeUp();
    network.watch.look();
    network.watch.look();
    assert.equal(network.looks, 1);
    network.end(-24);
    assert.deepEqual(network.received(), []);
    network.watch.look();
    assert.equal(network.looks, 2);
    network.end(linksOf(2));
    assert.deepEqual(network.received(), ['link eth2']);
  });

  it('for which no thread can be had is refused, and followed by another', () => {
    const network = new MadeUp();
    network.refused = true;
    assert.throws(() => network.watch.look(), { code: 'EAGAIN' });
    network.refused = false;
    network.watch.look();
    network.end(linksOf(2));
    assert.deepEqual(network.received(), ['link eth2']);
  });

  it('does not tell of an IPv6 address before the kernel does: it is listed before it is answered for', (t) => {
    t.mock.method(performance, 'now', () => 1_000);
    const network = new MadeUp();
    const look = (): string[] => {
      network.watch.look();
      network.end(Buffer.concat([linksOf(2), addressOn(2, 4), addressOn(2, 6)]));
      return network.received();
    };
    assert.deepEqual(look(), ['link eth2', 'address']);
    assert.deepEqual(
      [...network.watch.addresses()].map(({ prefixLength }) => prefixLength),
      [24],
    );
    assert.deepEqual(look(), [], 'it wakes nobody for it');
    network.told = [addressOn(2, 6)];
    assert.deepEqual(network.received(), ['address'], 'the kernel tells of it');
    assert.deepEqual(look(), []);
  });

  it('tells of an IPv6 address of which the kernel has not told in time', (t) => {
    let now = 1_000;
    t.mock.method(performance, 'now', () => now);
    const network = new MadeUp();
    const look = (): string[] => {
      network.watch.look();
      network.end(addressOn(2, 6));
      return network.received();
    };
    assert.deepEqual(look(), []);
    now += 499;
    assert.deepEqual(look(), []);
    now += 1;
    assert.deepEqual(look(), ['address']);
  });

  it('tells nobody once the watch is closed', () => {
    const network = new MadeUp();
    network.watch.look();
    network.watch.close();
    network.end(linksOf(2));
    assert.equal(network.woken, 0);
    network.watch.look();
    assert.equal(network.looks, 1);
  });
});

describe('a look at real interfaces', { skip }, () => {
  it('reads what the watch knows', async () => {
    for (let index = 0; index < 100; index += 1) ip(`address add 10.9.0.${index}/32 dev lo`);
    const watch = openKernel().openNetworkWatch(() => undefined);
    const found = await within(
      'links and addresses',
      new Promise<ArrayBuffer | number>((resolve) => loadAddon().lookAtNetwork(resolve)),
    );
    assert.ok(typeof found !== 'number', 'no error');
    const { links, addresses } = dumpOf(new NetworkRecords(found).all());
    assert.ok(addresses.length > 100);
    assert.deepEqual(links, [...watch.links.values()]);
    assert.deepEqual(new Set(addresses), new Set(watch.addresses()));
    watch.close();
  });
});
