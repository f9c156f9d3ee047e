// Established TCP connections to the virtual addresses when the role moves, with scripts/connections and
// without. What the program sets and refuses is in test/scripts.
import assert from 'node:assert/strict';
import process from 'node:process';
import { describe } from '../support/test.js';
import { decode, firstFrameAt } from '../../scripts/lab/capture.js';
import { STATIONS, type ApplianceName } from '../../scripts/lab/network.js';
import { LAN, PATHS, type PairSpec } from '../../scripts/lab/pair-program.js';
import { ROOT } from '../../scripts/lab/program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { until } from '../support/limits.js';
import { EVERYTHING } from './pace.js';
import { ADDRESS, moment, other, type PairBench } from './pair-bench.js';
import { describePair, type PairTest } from './pair-suite.js';
import { Talker } from './talker.js';

const skip = (await enterSandbox()) ?? false;

const ADDRESS6 = '2001:db8:99::100';
const SECOND = '10.99.0.101';
const BOTH = [ADDRESS, ADDRESS6] as const;
const NAMES = ['a', 'b'] as const;
const PORT = 8080;
/** A long download: three seconds. */
const LINES = 60;
const TRICKLE = `trickle ${LINES} 50`;

const paths = {
  a: [...PATHS.a, STATIONS.a.ipv6],
  b: [...PATHS.b, STATIONS.b.ipv6],
};
const LAN6 = { ...LAN, name: 'lan6', addresses: ['fe80::64/64', `${ADDRESS6}/64`] };
const SPEC: PairSpec = { paths, virtualRouters: [LAN, LAN6], ha: { preempt: false } };

const program = (bench: PairBench, name: ApplianceName, verb: string): string[] => [
  process.execPath,
  `${ROOT}dist/scripts/connections.js`,
  verb,
  '--config',
  `${bench.lab.appliance(name).directory}/understudy.yaml`,
];

const connections = async (bench: PairBench, verb: 'on' | 'off'): Promise<void> => {
  for (const name of NAMES) await bench.lab.run(name, program(bench, name, verb));
};

/** Servers of both appliances, and clients; all ended with the test. */
class Talk {
  readonly bench: PairBench;
  constructor(bench: PairBench) {
    this.bench = bench;
  }

  /** A server on each appliance, for every address unless told. */
  async servers(port = PORT, at?: string): Promise<Record<ApplianceName, Talker>> {
    return { a: await this.server('a', port, at), b: await this.server('b', port, at) };
  }

  server(name: ApplianceName, port = PORT, at?: string): Promise<Talker> {
    const place = at === undefined ? {} : { at };
    return this.#started(name, { kind: 'server', name, port, ...place });
  }

  client(to: string, port = PORT, from?: number): Promise<Talker> {
    const own = from === undefined ? {} : { from };
    return this.#started('c', { kind: 'client', to, port, ...own });
  }

  clients(): Promise<Talker[]> {
    return Promise.all(BOTH.map((to) => this.client(to)));
  }

  async #started(...where: [ApplianceName | 'c', Parameters<typeof Talker.start>[2]]) {
    const talker = await Talker.start(this.bench.lab, ...where);
    this.bench.undoing(() => talker.close());
    return talker;
  }
}

/** Moves all that `from` has to the other; resolves when both are settled again. */
async function failover(bench: PairBench, from: ApplianceName): Promise<void> {
  await bench.command(from, 'failover');
  await bench.settled(other(from));
}

/** Every one of them is answered by the server of this name. */
async function answeredBy(name: string, ...clients: readonly Talker[]): Promise<void> {
  for (const client of clients) assert.equal(await client.asked('hello'), `${name} hello`);
}

const downloaded = (name: string): string[] => [
  ...Array.from({ length: LINES }, (_, index) => `${name} ${index + 1}`),
  'ended',
];

/** A counter of the kernel's, out of /proc/net/snmp. */
async function counter(bench: PairBench, name: ApplianceName, counted: string): Promise<number> {
  const { stdout } = await bench.lab.run(name, ['cat', '/proc/net/snmp']);
  const [heads = '', values = ''] = stdout.split('\n').filter((line) => line.startsWith('Icmp:'));
  return Number(values.split(' ')[heads.split(' ').indexOf(counted)]);
}

/** `a` holds all, whoever did before. */
async function inPlace(bench: PairBench): Promise<void> {
  const { a, b } = bench;
  const eitherHolds = (): boolean => bench.lab.holding(ADDRESS).length === 1;
  await bench.waitFor('one of them holds', () => a.running && b.running && eitherHolds());
  if (bench.lab.holding(ADDRESS).join() === 'b') {
    await bench.settled('b');
    await bench.command('b', 'failover');
  }
  await bench.settled('a');
}

const settings = { skip, spec: SPEC, settled: inPlace } as const;

type Talking = (name: string, body: (bench: PairBench, talk: Talk) => Promise<void>) => void;

const switchedOn = new WeakSet<PairBench>();

/** Tests of a pair on which `connections` is on, from the first of them to the last. */
const whileOn =
  (test: PairTest): Talking =>
  (name, body) =>
    test(name, async (bench) => {
      if (!switchedOn.has(bench)) await connections(bench, 'on');
      switchedOn.add(bench);
      await body(bench, new Talk(bench));
    });

function defineDownloads(talking: Talking): void {
  talking(
    'downloads and idle connections outlive a failover and the way back',
    async (bench, talk) => {
      await talk.servers();
      const idle = await talk.clients();
      const downloads = await talk.clients();
      await answeredBy('a', ...idle);
      for (const download of downloads) download.say(TRICKLE);
      await failover(bench, 'a');
      await answeredBy('a', ...idle);
      const later = await talk.clients();
      await answeredBy('b', ...later);
      for (const one of later) one.say(TRICKLE);
      for (const download of downloads) assert.deepEqual(await download.rest(), downloaded('a'));
      await failover(bench, 'b');
      await answeredBy('a', ...idle, ...(await talk.clients()));
      for (const one of later) assert.deepEqual(await one.rest(), downloaded('b'));
    },
  );
}

function defineMoves(talking: Talking): void {
  defineDownloads(talking);

  talking(
    'what an earlier connection from the same port has left behind does not take its packets',
    async (bench, talk) => {
      await talk.servers();
      const from = 40_000;
      const earlier = await Promise.all(BOTH.map((to) => talk.client(to, PORT, from)));
      // Who ends it first keeps the port in mind for a minute (TIME_WAIT).
      for (const one of earlier) one.say('trickle 1 1');
      for (const one of earlier) await one.rest();
      for (const one of earlier) await one.close();
      await failover(bench, 'a');
      const later = await Promise.all(BOTH.map((to) => talk.client(to, PORT, from)));
      await answeredBy('b', ...later);
      await failover(bench, 'b');
      await answeredBy('b', ...later);
    },
  );

  talking('a reset reaches the one who has the connection', async (bench, talk) => {
    const { a } = await talk.servers();
    const clients = await talk.clients();
    await answeredBy('a', ...clients);
    await failover(bench, 'a');
    for (const client of clients) {
      client.say('reset');
      assert.deepEqual(await a.next(), { kind: 'failed', code: 'ECONNRESET' });
    }
  });

  talking('an ICMP error reaches the one who has the connection, too', async (bench, talk) => {
    await talk.servers();
    await answeredBy('a', ...(await talk.clients()));
    await failover(bench, 'a');
    const before = await counter(bench, 'a', 'InDestUnreachs');
    // From the virtual address to a port nobody listens on, so that the client complains to it.
    const send = `const s = require('node:dgram').createSocket('udp4');
      s.bind(0, '${ADDRESS}', () => s.send('x', 9, '${STATIONS.c.ipv4}', () => s.close()))`;
    await bench.lab.run('b', [process.execPath, '-e', send]);
    await until(
      'the error of the client arrives at a',
      () => counter(bench, 'a', 'InDestUnreachs'),
      (count) => count > before,
      50,
    );
  });

  talking('the peer is dead: reset once it is not heard any more', async (bench, talk) => {
    await talk.servers();
    const clients = await talk.clients();
    await answeredBy('a', ...clients);
    await failover(bench, 'a');
    await answeredBy('a', ...clients);
    bench.undoing(await bench.lab.powerCut('a', bench.probed));
    for (const client of clients) assert.equal(await client.asked('hello'), 'ECONNRESET');
    await answeredBy('b', ...(await talk.clients()));
  });

  talking('the Active is dead: its connections are reset by the new one', async (bench, talk) => {
    await talk.servers();
    const clients = await talk.clients();
    await answeredBy('a', ...clients);
    bench.undoing(await bench.lab.powerCut('a', bench.probed));
    await bench.holds('b');
    for (const client of clients) assert.equal(await client.asked('hello'), 'ECONNRESET');
  });

  talking('the standby says to nobody that it has the addresses', async (bench, talk) => {
    await talk.servers();
    const clients = await talk.clients();
    await answeredBy('a', ...clients);
    for (const active of ['b', 'a'] as const) {
      await failover(bench, other(active));
      const capture = await bench.lab.capture({
        port: `port-${other(active)}`,
        direction: 'in',
        filter: 'arp or icmp6',
      });
      for (let round = 0; round < 3; round += 1) {
        // The client asks who has the addresses; whoever answers its connection asks who it is.
        for (const name of ['a', 'b', 'c'] as const)
          await bench.lab.run(name, ['ip', 'neigh', 'flush', 'all']);
        await answeredBy('a', ...clients);
        for (const address of BOTH) {
          await bench.lab.run('c', ['ping', '-c', '1', '-W', '5', address]).catch(() => {});
          const { stdout } = await bench.lab.run('c', ['ip', 'neigh', 'show', 'to', address]);
          assert.match(stdout, new RegExp(STATIONS[active].mac), `${address} at ${active}`);
        }
      }
      await capture.stop();
      const of = ['arp.src.proto_ipv4', 'icmpv6.nd.na.target_address', 'ipv6.src'];
      const said = await decode(capture.file, 'arp or icmpv6.type in {135, 136}', of);
      assert.ok(said.length > 0, 'the standby asks or answers something');
      const claims = said.filter((frame) =>
        Object.values(frame)
          .flat()
          .some((text) => BOTH.some((address) => address === text)),
      );
      assert.deepEqual(claims, []);
    }
  });

  talking(
    'a connection that neither knows is reset, after a bounded number of packets',
    async (bench, talk) => {
      const { a } = await talk.servers();
      const clients = await talk.clients();
      await answeredBy('a', ...clients);
      // The Active forgets them, and the client does not hear of it.
      const heal = await bench.drop({ traffic: 'all', from: 'a', to: 'c' });
      a.say('vanish');
      for (const _ of clients) await a.next();
      await heal();
      const capture = await bench.lab.capture({ port: 'port-a', filter: `tcp port ${PORT}` });
      for (const client of clients) assert.equal(await client.asked('hello'), 'ECONNRESET');
      await moment();
      await capture.stop();
      const frames = await decode(capture.file, 'tcp', ['tcp.flags.reset', 'eth.src']);
      // A question, or its repetition on a slow machine, goes to a, to b, and back to a, which resets it.
      const asked = frames.filter((frame) => frame['eth.src']?.[0] === STATIONS.c.mac);
      const seen = JSON.stringify(frames);
      assert.ok(asked.length >= clients.length, seen);
      assert.ok(frames.length <= 4 * asked.length, seen);
    },
  );
}

/** How services may listen, and what else goes on beside established connections. */
function defineService(talking: Talking): void {
  talking('on again and again, on both: nothing breaks', async (bench, talk) => {
    await talk.servers();
    const here = await talk.clients();
    await answeredBy('a', ...here);
    await failover(bench, 'a');
    const there = await talk.clients();
    for (const client of [...here, ...there]) client.say(TRICKLE);
    for (let round = 0; round < 5; round += 1) await connections(bench, 'on');
    for (const client of here) assert.deepEqual(await client.rest(), downloaded('a'));
    for (const client of there) assert.deepEqual(await client.rest(), downloaded('b'));
  });

  talking('SYN cookies, and no server at the standby: connections open', async (bench, talk) => {
    const a = await talk.server('a');
    const write = (value: number) =>
      bench.lab.run('a', ['sh', '-c', `echo ${value} >/proc/sys/net/ipv4/tcp_syncookies`]);
    await write(2);
    bench.undoing(() => write(1));
    await answeredBy('a', ...(await talk.clients()));
    await talk.server('b');
    await answeredBy('a', ...(await talk.clients()));
    assert.equal(a.events.length, 1, 'nothing has failed');
  });

  talking(
    'as many new connections as can be remembered: further ones stay',
    async (bench, talk) => {
      await talk.servers();
      const forget = async (): Promise<void> => {
        await connections(bench, 'off');
        await connections(bench, 'on');
      };
      await forget();
      bench.undoing(forget);
      const elements = Array.from(
        { length: 65_535 },
        (_, port) => `10.0.0.1 . ${port} . ${ADDRESS} . ${PORT} timeout 1m`,
      );
      const fill = `add element ip understudy_connections opened { ${elements.join(', ')} }\n`;
      await bench.lab.run('a', ['nft', '-f', '-'], fill);
      const filter = `dst host ${ADDRESS} and tcp[tcpflags] & tcp-syn != 0`;
      const captures = await Promise.all(
        (['port-a', 'port-b'] as const).map((port) => bench.lab.capture({ port, filter })),
      );
      await answeredBy('a', await talk.client(ADDRESS));
      await until('the question at a', () => firstFrameAt(captures[0]?.file ?? ''));
      await moment();
      const found = captures.map(async (capture) => {
        await capture.stop();
        return (await decode(capture.file, 'tcp', ['tcp.flags.syn'])).length;
      });
      assert.deepEqual(await Promise.all(found), [1, 0], 'asked at a, and not at b');
    },
  );

  talking(
    'a port that the kernel translates behind a listening socket: connections open',
    async (bench, talk) => {
      await talk.servers();
      await talk.servers(8090);
      const nat = `table inet translated {\nchain in {\ntype nat hook prerouting priority dstnat;\ntcp dport 8090 redirect to :${PORT}\n}\n}\n`;
      for (const name of NAMES) {
        await bench.lab.run(name, ['nft', '-f', '-'], nat);
        bench.undoing(() => bench.lab.run(name, ['nft', 'delete', 'table', 'inet', 'translated']));
      }
      for (const to of BOTH) await answeredBy('a', await talk.client(to, 8090));
    },
  );

  talking(
    'a service that is bound to the virtual address: its connections are reset',
    async (bench, talk) => {
      await talk.servers(8081, ADDRESS);
      const client = await talk.client(ADDRESS, 8081);
      await answeredBy('a', client);
      await failover(bench, 'a');
      assert.equal(await client.asked('hello'), 'ECONNRESET');
      await answeredBy('b', await talk.client(ADDRESS, 8081));
    },
  );
}

function defineWithout(test: PairTest): void {
  test('downloads and idle connections are reset by a failover', async (bench) => {
    const talk = new Talk(bench);
    await talk.servers();
    const [idle, downloads] = [await talk.clients(), await talk.clients()];
    await answeredBy('a', ...idle);
    for (const download of downloads) download.say(TRICKLE);
    await failover(bench, 'a');
    for (const client of idle) assert.equal(await client.asked('hello'), 'ECONNRESET');
    for (const download of downloads) {
      // Nothing comes any more: the server has lost the address, and who has it now was not asked yet.
      download.say('are you there');
      assert.ok((await download.rest()).length < LINES, 'the download broke');
    }
  });
}

const SPREAD: PairSpec = {
  paths,
  ha: { mode: 'active-active', primary: false },
  virtualRouters: [
    { ...LAN, primary: 'a' },
    { ...LAN, name: 'lan2', vrid: 52, addresses: [`${SECOND}/24`], primary: 'b' },
  ],
};

const spread = (bench: PairBench): Promise<void> =>
  bench.waitFor(
    'each holds its own',
    () =>
      bench.lab.holding(ADDRESS).join() === 'a' &&
      bench.lab.holding(SECOND).join() === 'b' &&
      bench.knowEachOther(),
  );

function defineSpread(test: PairTest): void {
  test('each way: what moves is finished where it began', async (bench) => {
    await connections(bench, 'on');
    const talk = new Talk(bench);
    await talk.servers();
    const [first, second] = [await talk.client(ADDRESS), await talk.client(SECOND)];
    await answeredBy('a', first);
    await answeredBy('b', second);
    await failover(bench, 'a');
    await answeredBy('a', first);
    await answeredBy('b', second, await talk.client(ADDRESS));
    await failover(bench, 'b');
    await answeredBy('a', first, await talk.client(SECOND));
    await answeredBy('b', second);
  });
}

describe('connections', { concurrency: 2 }, () => {
  describePair('that move', settings, (test) => defineMoves(whileOn(test)));
  const onMacvlans = { ...settings, spec: { ...SPEC, router: { virtualMac: true } } };
  describePair(
    'with a virtual MAC address',
    {
      ...onMacvlans,
      skip: EVERYTHING ? skip : 'only in CI: without one the same is held every day',
    },
    (test) => defineDownloads(whileOn(test)),
  );
  describePair('to services of all kinds', settings, (test) => defineService(whileOn(test)));
  describePair('without scripts/connections', settings, defineWithout);
  describePair('active-active', { skip, spec: SPREAD, settled: spread }, defineSpread);
});
