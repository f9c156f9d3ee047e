// The NAT pair of docs/deployments, with its files and the real conntrackd: a connection through it goes on after a stop,
// a crash and a power cut of the Active. In CI only: conntrackd is there, and it waits for takeovers most of the time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { SHARED_KEY } from '../../scripts/lab/pair-program.js';
import { ROOT, understudy, type Program } from '../../scripts/lab/program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import { after, before, describe, it } from '../support/test.js';
import { EVERYTHING } from './pace.js';
import { Talker } from './talker.js';

const skip = EVERYTHING ? ((await enterSandbox()) ?? false) : 'played in CI';

const FILES = `${ROOT}docs/deployments/nat-pair/`;
const NUMBER = { a: 1, b: 2 } as const;
const OUTSIDE = '10.99.0.100';
const INSIDE = '10.97.0.254';
const SERVER = '10.99.0.10';
const PORT = 8080;

const other = (name: ApplianceName): ApplianceName => (name === 'a' ? 'b' : 'a');
const page = (name: string): string => readFileSync(`${FILES}${name}`, 'utf8');

class NatPair {
  readonly lab: Lab;
  private constructor(lab: Lab) {
    this.lab = lab;
  }

  static async open(): Promise<NatPair> {
    const pair = new NatPair(
      await createLab({
        patienceMs: WAIT_LIMIT_MS,
        segments: { eth1: '10.97.0' },
        hosts: { 'host-in': { on: 'eth1', address: '10.97.0.10/24', gateway: INSIDE } },
      }),
    );
    for (const name of ['a', 'b'] as const) await pair.#prepare(name);
    return pair;
  }

  /** Kernel, rules and conntrackd, as the page has them; its files are the appliance's own here. */
  async #prepare(name: ApplianceName): Promise<void> {
    const { directory } = this.lab.appliance(name);
    const forwards = 'echo 1 >/proc/sys/net/ipv4/ip_forward';
    const strict = 'echo 0 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose';
    await this.lab.run(name, ['nft', '-f', '-'], page('nat.nft'));
    await this.lab.run(name, ['sh', '-c', `${forwards} && ${strict}`]);
    const text = page(`conntrackd-fw-${NUMBER[name]}.conf`)
      .replace('/var/lock/conntrack.lock', `${directory}/conntrack.lock`)
      .replace('/var/run/conntrackd.ctl', `${directory}/ctl`)
      .replace('Syslog on', 'Syslog off');
    writeFileSync(this.#conf(name), text);
    const [program = '', ...words] = this.lab.network.inside(name, [
      'conntrackd',
      '-C',
      this.#conf(name),
    ]);
    // It ends with the lab, which kills all that is in its namespaces.
    spawn(program, words, { stdio: 'ignore' });
    await until(
      `conntrackd of ${name} to answer`,
      () => this.#conntrackd(name, '-s').then(Boolean, () => false),
      Boolean,
      50,
    );
  }

  #conf(name: ApplianceName): string {
    return `${this.lab.appliance(name).directory}/conntrackd.conf`;
  }

  async #conntrackd(name: ApplianceName, option: string): Promise<string> {
    return (await this.lab.run(name, ['conntrackd', '-C', this.#conf(name), option])).stdout;
  }

  /** The settings of the page; without its hooks unless `hooks`. */
  program(name: ApplianceName, hooks = true): Program {
    const settings = parse(page(`fw-${NUMBER[name]}.yaml`)) as Record<string, object>;
    return understudy(
      (directory) => ({
        ...settings,
        // A machine that stands still for a moment moves no role; who comes back does not take it.
        ha: {
          ...settings['ha'],
          keyFile: `${directory}/ha.key`,
          peerFailureThreshold: 10,
          preempt: false,
          maximumFlaps: 0,
        },
        // How fast the hook is on a busy machine is not what is asked here.
        hooks: hooks
          ? {
              beforeActive: `${directory}/hook`,
              transition: `${directory}/hook`,
              beforeActiveTimeoutMs: 900,
            }
          : {},
      }),
      [
        { name: 'ha.key', content: `${SHARED_KEY}\n`, mode: 0o600 },
        {
          name: 'hook',
          content: `#!/bin/sh\nUNDERSTUDY_CONNTRACKD_CONF=${this.#conf(name)} exec ${ROOT}scripts/hooks/conntrackd "$@"\n`,
          mode: 0o755,
        },
      ],
    );
  }

  start(name: ApplianceName): void {
    this.lab.appliance(name).start(this.program(name));
  }

  async holds(name: ApplianceName): Promise<void> {
    for (const address of [OUTSIDE, INSIDE]) {
      await this.lab.waitForHolders(address, [name], WAIT_LIMIT_MS);
    }
  }

  /** Until conntrackd of `name` has been told of the connection from this port. */
  async knows(name: ApplianceName, from: number): Promise<void> {
    await until(
      `the connection from port ${from} in the external cache of ${name}`,
      () => this.#conntrackd(name, '-e'),
      (text) => text.includes(`sport=${from} `),
      50,
    );
  }

  /** What the kernel of `name` has of connections to the server. */
  async kernelOf(name: ApplianceName): Promise<string> {
    return (await this.lab.run(name, ['conntrack', '-L', '-p', 'tcp'])).stdout;
  }
}

describe('a NAT pair with conntrackd', { skip }, () => {
  const FROM = 40_001;
  let pair: NatPair;
  let client: Talker;
  before(async () => {
    pair = await NatPair.open();
    pair.start('a');
    await pair.holds('a');
    pair.start('b');
    await Talker.start(pair.lab, 'c', { kind: 'server', name: 'server', port: PORT });
    const plan = { kind: 'client', to: SERVER, port: PORT, from: FROM } as const;
    client = await Talker.start(pair.lab, 'host-in', plan);
    assert.equal(await client.asked('hello'), 'server hello');
  });
  after(() => pair.lab.close());

  /** `act` takes the role from `from`: the connection goes on through the other one. */
  async function moves(from: ApplianceName, act: () => Promise<unknown>): Promise<void> {
    const heir = other(from);
    await pair.knows(heir, FROM);
    await act();
    await pair.holds(heir);
    assert.equal(await client.asked('hello'), 'server hello');
    const known = await pair.kernelOf(heir);
    assert.match(known, new RegExp(`sport=${FROM} .*dst=${OUTSIDE} .*\\[ASSURED\\]`));
  }

  it('translates: the server sees the virtual address', async () => {
    assert.match(await pair.kernelOf('a'), new RegExp(`sport=${FROM} .*dst=${OUTSIDE} `));
  });

  it('an established connection goes on after a stop', () =>
    moves('a', () => pair.lab.appliance('a').stop()));

  it('after a crash of the agent', async () => {
    pair.start('a');
    await moves('b', () => pair.lab.appliance('b').kill());
  });

  it('after a power cut', async () => {
    pair.start('b');
    let heal = (): Promise<void> => Promise.resolve();
    await moves('a', async () => (heal = await pair.lab.powerCut('a', [OUTSIDE, INSIDE])));
    await heal();
  });

  it('and without the hook the new Active knows nothing of it', async () => {
    await pair.lab.run('a', ['conntrack', '-F']);
    pair.lab.appliance('a').start(pair.program('a', false));
    await until(
      'a to be Backup',
      () =>
        pair.lab
          .appliance('a')
          .status()
          ?.virtualRouters.map(({ state }) => state)
          .join(),
      (states) => states === 'Backup,Backup',
      50,
    );
    await pair.lab.run('a', ['conntrack', '-F']);
    await pair.lab.appliance('b').stop();
    await pair.holds('a');
    assert.doesNotMatch(await pair.kernelOf('a'), new RegExp(`sport=${FROM} `));
  });
});
