// VRRPV3-MIB through Debian's snmpd (`master agentx`): walked, compared with `status`, its notifications, and what becomes
// of it when the SNMP daemon or the agent is gone. In CI alone.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import { pairProgram } from '../../scripts/lab/pair-program.js';
import { MAIN, ROOT } from '../../scripts/lab/program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import type { Status } from '../../src/model/status.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import { after, before, describe, it } from '../support/test.js';
import { EVERYTHING } from './pace.js';

const skip = EVERYTHING ? ((await enterSandbox()) ?? false) : 'a real snmpd: in CI alone';

const TREE = '.1.3.6.1.2.1.207';
const ADDRESS = '10.99.0.100';
const ROUTERS = [
  { name: 'lan', interface: 'eth0', vrid: 51, addresses: [`${ADDRESS}/24`] },
  { name: 'lan6', interface: 'eth0', vrid: 51, addresses: ['fe80::64/64', '2001:db8:99::100/64'] },
];

/** An advertisement whose TTL is not 255: the kernel gives multicast packets 1. */
const CROSSED = `
const raw = require('${ROOT}node_modules/raw-socket');
const socket = raw.createSocket({ protocol: 112 });
const packet = Buffer.from([0x31, 51, 100, 1, 0, 100, 0, 0, 10, 99, 0, 100]);
socket.send(packet, 0, packet.length, '224.0.0.18', () => socket.close());
`;

class Bench {
  readonly lab: Lab;
  readonly #children = new Map<string, ChildProcess>();
  #trapped = '';

  constructor(lab: Lab) {
    this.lab = lab;
  }

  get folder(): string {
    return this.lab.appliance('a').directory;
  }

  get trapped(): string {
    return this.#trapped;
  }

  start(name: string, argv: readonly string[]): void {
    const [command = '', ...rest] = this.lab.network.inside('a', argv);
    const child = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, SNMP_PERSISTENT_DIR: `${this.folder}/snmp`, MIBS: '' },
    });
    const keep = (text: Buffer): void => {
      if (name === 'snmptrapd') this.#trapped += String(text);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#children.set(name, child);
  }

  async stop(name: string): Promise<void> {
    const child = this.#children.get(name);
    this.#children.delete(name);
    child?.kill('SIGKILL');
    await until(
      `the end of ${name}`,
      () => child?.exitCode ?? child?.signalCode ?? null,
      (how) => how !== null,
    );
  }

  startSnmpd(): void {
    this.start('snmpd', [
      'snmpd',
      '-f',
      '-Lo',
      '-C',
      '-c',
      `${this.folder}/snmpd.conf`,
      '-p',
      `${this.folder}/snmpd.pid`,
    ]);
  }

  startConsole(): void {
    this.start('console', [
      process.execPath,
      MAIN,
      'console',
      '--config',
      `${this.folder}/understudy.yaml`,
    ]);
  }

  /** By their numbers below vrrpv3MIB; what is no value has none. */
  async walk(): Promise<Map<string, string>> {
    const { stdout } = await this.lab.run('a', [
      'sh',
      '-c',
      `MIBS= snmpwalk -v2c -c public -t 5 -On -OQ -Ox 127.0.0.1 ${TREE} || :`,
    ]);
    const lines = stdout.split('\n').filter((line) => line.startsWith(`${TREE}.`));
    return new Map(
      lines
        .map((line) => line.slice(TREE.length + 1).split(' = '))
        .filter(([, value = '']) => !value.startsWith('No '))
        .map(([name = '', value = '']) => [name, value.trim()]),
    );
  }

  status(): Status {
    const status = this.lab.appliance('a').status();
    assert.ok(status, 'a status');
    return status;
  }

  /** A walk between two looks at the agent that say the same of these counters. */
  async agrees(
    expected: string,
    fits: (walked: Map<string, string>, status: Status) => boolean,
  ): Promise<Map<string, string>> {
    let walked = new Map<string, string>();
    await until(
      expected,
      async () => {
        walked = await this.walk();
        return { rows: [...walked].join('\n'), fits: fits(walked, this.status()) };
      },
      ({ fits: isSo }) => isSo,
      300,
    );
    return walked;
  }

  async close(): Promise<void> {
    for (const name of this.#children.keys()) await this.stop(name);
    await this.lab.close();
  }
}

/** The octets of an address, as `-Ox` prints them. */
const octets = (text: string): string => text.replaceAll(/["\s]/g, '').toLowerCase();

describe('VRRPV3-MIB through snmpd', { skip }, () => {
  let bench: Bench;
  before(async () => {
    bench = new Bench(await createLab({ patienceMs: WAIT_LIMIT_MS }));
    const { lab, folder } = bench;
    for (const name of ['a', 'b'] as const) {
      lab.appliance(name).start(
        pairProgram(name, {
          // A machine that stands still for a moment moves no role.
          ha: { peerFailureThreshold: 20, maximumFlaps: 0 },
          virtualRouters: ROUTERS,
          top: (directory) => ({
            console: {
              listen: `unix:${directory}/http.sock`,
              tokenFile: `${directory}/token`,
              agentX: `unix:${directory}/agentx`,
            },
          }),
        }),
      );
      if (name === 'a') await lab.waitForHolders(ADDRESS, ['a'], WAIT_LIMIT_MS);
    }
    mkdirSync(`${folder}/snmp`);
    writeFileSync(
      `${folder}/snmpd.conf`,
      [
        'agentAddress udp:127.0.0.1:161',
        'rocommunity public 127.0.0.1',
        'rwcommunity private 127.0.0.1',
        'master agentx',
        `agentXSocket ${folder}/agentx`,
        'trap2sink 127.0.0.1:162 public',
        '',
      ].join('\n'),
    );
    writeFileSync(`${folder}/snmptrapd.conf`, 'disableAuthorization yes\n');
    bench.start('snmptrapd', [
      'snmptrapd',
      '-f',
      '-Lo',
      '-On',
      '-C',
      '-c',
      `${folder}/snmptrapd.conf`,
      'udp:127.0.0.1:162',
    ]);
    bench.startSnmpd();
    bench.startConsole();
    await bench.agrees('the objects', (walked) => walked.size > 0);
  });
  after(() => bench.close());

  it('has what status has: states, addresses, counters', async () => {
    const { lab } = bench;
    const index = bench.status().interfaces.find(({ name }) => name === 'eth0')?.index;
    const { stdout: shown } = await lab.run('a', ['ip', '-o', 'link', 'show', 'eth0']);
    assert.equal(index, Number(shown.split(':')[0]), 'ifIndex');
    const walked = await bench.agrees(
      'both Active, and what was received as in status',
      (all, { virtualRouters }) =>
        virtualRouters.every(({ family, state, counters }) => {
          const row = `${index}.51.${family === 'ipv4' ? 1 : 2}`;
          return (
            state === 'Active' &&
            all.get(`1.1.1.1.6.${row}`) === '3' &&
            all.get(`1.2.5.1.3.${row}`) === String(counters.advertisementsReceived) &&
            all.get(`1.2.5.1.7.${row}`) === String(counters.priorityZeroReceived)
          );
        }),
    );
    assert.equal(
      octets(walked.get(`1.1.1.1.3.${index}.51.1`) ?? ''),
      '0a630001',
      'our own address',
    );
    assert.equal(
      octets(walked.get(`1.1.1.1.5.${index}.51.1`) ?? ''),
      '00005e000133',
      'virtual MAC address',
    );
    assert.ok(walked.has(`1.1.2.1.2.${index}.51.1.4.10.99.0.100`), [...walked.keys()].join(' '));
    assert.equal(walked.get(`1.2.5.1.1.${index}.51.1`), '1', 'once Active');
    assert.equal(walked.get('1.2.2.0'), '0');
  });

  it('is read only', async () => {
    const index = bench.status().interfaces[0]?.index ?? 0;
    const object = `${TREE}.1.1.1.1.7.${index}.51.1`;
    const set = [
      'sh',
      '-c',
      `MIBS= snmpset -v2c -c private -t 5 127.0.0.1 ${object} u 1 2>&1 || :`,
    ];
    const { stdout } = await bench.lab.run('a', set);
    assert.match(stdout, /notWritable/);
  });

  it('tells of a role that comes here, and of a packet that has crossed a router', async () => {
    const { lab } = bench;
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const ready = (): boolean =>
        (lab.appliance(from).status()?.readiness ?? []).some(
          ({ direction, ready: isReady }) => direction === 'away' && isReady,
        );
      await until(`${to} to be ready`, ready, Boolean);
      const file = `${lab.appliance(from).directory}/understudy.yaml`;
      await lab.run(from, [process.execPath, MAIN, 'failover', '--config', file]);
      await lab.waitForHolders(ADDRESS, [to], WAIT_LIMIT_MS);
    }
    const index = bench.status().interfaces[0]?.index ?? 0;
    const trapped = async (kind: string, object: string): Promise<void> => {
      const isOne = (line: string): boolean =>
        line.includes(`${TREE}.0.${kind}`) && line.includes(`${TREE}.${object}`);
      await until(
        `notification ${kind} with ${object}`,
        () => bench.trapped,
        (text) => text.split('\n').some(isOne),
      );
    };
    await trapped('1', `1.1.1.1.3.${index}.51.1 = Hex-STRING: 0A 63 00 01`);
    await lab.run('c', [process.execPath, '-e', CROSSED]);
    await trapped('2', `1.2.5.1.6.${index}.51.1 = INTEGER: 1`);
  });

  it('comes back when snmpd is started again, and has no rows while the agent is gone', async () => {
    await bench.stop('snmpd');
    bench.startSnmpd();
    await bench.agrees('the objects again', (walked) => walked.size > 0);
    const { lab } = bench;
    await lab.appliance('a').stop();
    await until(
      'no rows',
      async () => [...(await bench.walk())].join('\n'),
      (rows) => rows === '',
      300,
    );
  });
});
