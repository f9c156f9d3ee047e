// echo.ts on a real network: a veth pair between two network namespaces, both of them our own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, describe, test } from '../support/test.js';
import type { Family, IpAddress } from '../../src/model/address.js';
import type { Instant } from '../../src/model/units.js';
import { openEcho, type Echo, type EchoOptions } from '../../src/monitors/echo.js';
import { enterNamespace, inNetns, ip, joinPeer } from '../support/namespace.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import { address } from '../support/address.js';

const skip = enterNamespace(import.meta.url);

const FAMILIES = ['ipv4', 'ipv6'] as const;
const PEER: Readonly<Record<Family, IpAddress>> = {
  ipv4: address('192.0.2.2'),
  ipv6: address('2001:db8::2'),
};
const NOWHERE: Readonly<Record<Family, IpAddress>> = {
  ipv4: address('198.51.100.1'),
  ipv6: address('2001:db8:1::1'),
};
const IGNORE_ECHOES: Readonly<Record<Family, string>> = {
  ipv4: '/proc/sys/net/ipv4/icmp_echo_ignore_all',
  ipv6: '/proc/sys/net/ipv6/icmp/echo_ignore_all',
};

/** Counts replies by sequence number and lets a test wait for them. */
class Ledger {
  readonly replies = new Map<number, { count: number; source: IpAddress; at: Instant }>();
  readonly errors: string[] = [];

  options(identifier: number): EchoOptions {
    return {
      identifier,
      onReply: (sequence, source, at) => {
        const count = (this.replies.get(sequence)?.count ?? 0) + 1;
        this.replies.set(sequence, { count, source, at });
      },
      onError: (reason) => this.errors.push(reason),
    };
  }

  /** Resolves when the replies make `condition` true. */
  async until(condition: () => boolean): Promise<void> {
    const seen = (): number[] => [...this.replies.keys()];
    await until(`replies for which ${String(condition)}`, seen, condition, 0);
  }

  async repliesTo(sequences: readonly number[]): Promise<void> {
    const all = (seen: readonly number[]): boolean =>
      sequences.every((sequence) => seen.includes(sequence));
    await until(`replies to ${sequences.join(', ')}`, () => [...this.replies.keys()], all, 0);
  }
}

async function open(family: Family, options: EchoOptions): Promise<Echo> {
  const opening = await openEcho(family, options);
  assert.ok(opening.kind === 'open', JSON.stringify(opening));
  return opening.echo;
}

function send(echo: Echo, destination: IpAddress, sequence: number): Instant {
  const sent = echo.send(destination, sequence, Buffer.from('understudy'));
  assert.ok(sent.ok, JSON.stringify(sent));
  return sent.sentAt;
}

function ignoreEchoes(family: Family, ignore: 0 | 1): void {
  const command = `echo ${ignore} > ${IGNORE_ECHOES[family]}`;
  const [program = '', ...words] = inNetns('peer', 'sh', '-ec', command);
  execFileSync(program, words);
}

describe('echo between two namespaces', { skip }, () => {
  before(() => {
    joinPeer();
    ip('address add 2001:db8::1/64 dev lan nodad');
    ip('-n peer address add 2001:db8::2/64 dev lan nodad');
  });

  for (const family of FAMILIES) {
    test(`${family}: every echo comes back once, from whom it was sent to`, async () => {
      const ledger = new Ledger();
      const echo = await open(family, ledger.options(51));
      const sequences = Array.from({ length: 200 }, (_, index) => 65_336 + index);
      const sentAt = sequences.map((sequence) => send(echo, PEER[family], sequence));
      await ledger.repliesTo(sequences);
      for (const [index, sequence] of sequences.entries()) {
        const reply = ledger.replies.get(sequence);
        assert.equal(reply?.count, 1);
        assert.equal(reply.source, PEER[family]);
        assert.ok(reply.at > (sentAt[index] ?? Number.POSITIVE_INFINITY), `${reply.at}`);
      }
      echo.close();
    });

    test(`${family}: lost echoes are the ones without a reply`, async () => {
      const ledger = new Ledger();
      const echo = await open(family, ledger.options(52));
      for (const sequence of [1, 2]) send(echo, PEER[family], sequence);
      await ledger.repliesTo([1, 2]);
      ignoreEchoes(family, 1);
      for (const sequence of [3, 4, 5]) send(echo, PEER[family], sequence);
      ignoreEchoes(family, 0);
      // The link keeps the order: once 6 is back, no reply to an earlier one is on its way.
      send(echo, PEER[family], 6);
      await ledger.repliesTo([6]);
      assert.deepEqual([...ledger.replies.keys()], [1, 2, 6]);
      echo.close();
    });

    test(`${family}: replies to another identifier are not ours`, async () => {
      const [ours, theirs] = [new Ledger(), new Ledger()];
      const echo = await open(family, ours.options(53));
      const other = await open(family, theirs.options(54));
      send(other, PEER[family], 1);
      await theirs.repliesTo([1]);
      send(echo, PEER[family], 2);
      await ours.repliesTo([2]);
      assert.deepEqual([...ours.replies.keys()], [2]);
      echo.close();
      other.close();
    });

    test(`${family}: no route is a refusal, and the socket stays open`, async () => {
      const ledger = new Ledger();
      const echo = await open(family, ledger.options(55));
      const reason = 'Network is unreachable';
      assert.deepEqual(echo.send(NOWHERE[family], 1), { ok: false, reason });
      send(echo, PEER[family], 2);
      await ledger.repliesTo([2]);
      assert.deepEqual(ledger.errors, []);
      echo.close();
    });
  }

  test('a link-local neighbor is reached through the interface given', async () => {
    const ledger = new Ledger();
    const echo = await open('ipv6', { ...ledger.options(57), interface: 'lan' });
    send(echo, address('fe80::2'), 1);
    await ledger.repliesTo([1]);
    assert.equal(ledger.replies.get(1)?.source, 'fe80::2');
    echo.close();
  });

  test('an interface that does not exist is unavailable', async () => {
    const opening = await openEcho('ipv4', { ...new Ledger().options(58), interface: 'gone' });
    const reason = 'no echo socket: interface "gone": No such device';
    assert.deepEqual(opening, { kind: 'unavailable', reason });
  });

  test('two a millisecond in each family: none is refused, none is lost', async () => {
    const ledgers = { ipv4: new Ledger(), ipv6: new Ledger() };
    const echoes = {
      ipv4: await open('ipv4', ledgers.ipv4.options(59)),
      ipv6: await open('ipv6', ledgers.ipv6.options(59)),
    };
    const total = 4_000;
    let next = 0;
    const ticker = setInterval(() => {
      for (const sequence of [next, next + 1]) {
        for (const family of FAMILIES) send(echoes[family], PEER[family], sequence);
      }
      next += 2;
      if (next === total) clearInterval(ticker);
    }, 1);
    await Promise.all(
      FAMILIES.map((of) => ledgers[of].until(() => ledgers[of].replies.size === total)),
    );
    for (const family of FAMILIES) {
      const counts = [...ledgers[family].replies.values()].map(({ count }) => count);
      assert.equal(Math.max(...counts), 1);
      assert.deepEqual(ledgers[family].errors, []);
      echoes[family].close();
    }
  });

  test('a socket nobody holds any more is not garbage-collected', () => {
    const program = new URL('../../src/monitors/echo.js', import.meta.url).href;
    // All of it in a process of its own: a socket that nobody can close keeps its process alive.
    const script = `
      const { openEcho } = await import('${program}');
      async function sendAndForget() {
        const onReply = (sequence) => { console.log('reply', sequence); process.exit(0); };
        const options = { identifier: 60, onReply, onError: console.error };
        const { echo } = await openEcho('ipv4', options);
        echo.send('192.0.2.2', 1);
      }
      await sendAndForget();
      gc();`;
    const words = ['--expose-gc', '--input-type=module', '--eval', script];
    const output = execFileSync(process.execPath, words, {
      encoding: 'utf8',
      timeout: WAIT_LIMIT_MS,
    });
    assert.equal(output, 'reply 1\n');
  });
});
