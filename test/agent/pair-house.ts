// Two real agents on the cable, `a` here (priority 200) and `b` in the namespace `peer` (100): who has
// the address by the kernels' word, which processes there are, how a script is held up. No tests.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Status } from '../../src/model/status.js';
import { AgentHome, AgentProcess, type StartOptions } from '../support/agent-process.js';
import { until } from '../support/limits.js';
import { ip } from '../support/namespace.js';
import { gone, isRunning } from '../support/process-state.js';
import { router, VIRTUAL } from './lan.js';

export type Side = 'a' | 'b';

const VIP = fileURLToPath(new URL('../../../scripts/vip', import.meta.url));
const PRIORITY = { a: 200, b: 100 } as const;
const ADDRESS = { a: '192.0.2.1', b: '192.0.2.2' } as const;
const OTHER = { a: 'b', b: 'a' } as const;

/** Throws, or kills itself, in the agent's process as soon as it has started its executor. */
export const atStart = (fault: string): string =>
  `data:text/javascript,import c from 'node:child_process';import{syncBuiltinESMExports as s}from'node:module';` +
  `const f=c.spawn;c.spawn=(...w)=>{const r=f(...w);setImmediate(()=>{${fault}});return r};s()`;

export class PairHouse {
  readonly #agents: AgentProcess[] = [];
  readonly #executors: number[] = [];
  #homes = 0;

  settings(
    side: Side,
    more: {
      router?: object;
      vip?: object;
      lone?: boolean;
      checkMs?: number;
      realtime?: object;
    } = {},
  ): object {
    const script = `/run/vip-${side}`;
    writeFileSync(
      script,
      // It may be started before it is needed: what counts is when its lines have come.
      `#!/bin/sh\nlines=$(cat)\nwhile [ -e ${script}.hold ]; do sleep 0.02; done\n` +
        `printf '%s\\n' "$lines" | ${VIP}\n`,
      {
        mode: 0o755,
      },
    );
    const peers = [{ name: OTHER[side], addresses: [ADDRESS[OTHER[side]]] }];
    return {
      name: side,
      ha: {
        primary: side === 'a',
        ...(more.lone
          ? {}
          : { keyFile: '/run/ha.key', peers, peerCheckIntervalMs: more.checkMs ?? 50 }),
      },
      virtualRouters: [router({ priority: PRIORITY[side], ...more.router })],
      vip: { script, ...more.vip },
      ...(more.realtime === undefined ? {} : { realtime: more.realtime }),
    };
  }

  start(side: Side, more: Parameters<PairHouse['settings']>[1] = {}, options: StartOptions = {}) {
    writeFileSync('/run/ha.key', `${'1a'.repeat(32)}\n`, { mode: 0o600 });
    const home = new AgentHome(`${side}-${(this.#homes += 1)}`, this.settings(side, more));
    const where = side === 'b' ? { netns: 'peer' } : {};
    const agent = new AgentProcess(home, { ...where, ...options });
    this.#agents.push(agent);
    return agent;
  }

  /** Both know each other, `a` is Active and has the address, and nobody else. */
  async startPair(more: Parameters<PairHouse['settings']>[1] = {}, options: StartOptions = {}) {
    const a = this.start('a', more, options);
    await a.transition('Active');
    const b = this.start('b', more, options);
    await b.transition('Backup');
    await a.until(knowsPeer);
    await b.until(knowsPeer);
    await this.until('a');
    return { a, b };
  }

  /** Remembered, so that it can be seen to be gone. */
  executor(agent: AgentProcess): number {
    const pid = agent.executorPid();
    this.#executors.push(pid);
    return pid;
  }

  hold(side: Side): void {
    writeFileSync(`/run/vip-${side}.hold`, '');
  }

  release(side: Side): void {
    rmSync(`/run/vip-${side}.hold`, { force: true });
  }

  /** Who has the address, by the kernels' word. */
  holders(): Side[] {
    const shows = (where: string): boolean =>
      ip(`${where}-o address show dev lan`).includes(` ${VIRTUAL}`);
    const sides: Side[] = [];
    if (shows('')) sides.push('a');
    if (shows('-n peer ')) sides.push('b');
    return sides;
  }

  /** Waits until exactly these have the address, and looks whether it stays so. */
  async until(...sides: Side[]): Promise<void> {
    const wanted = sides.join();
    await until(
      `the address held by ${wanted || 'nobody'}`,
      () => this.holders().join(),
      (holders) => holders === wanted,
      20,
    );
    let looks = 0;
    const look = (): number => {
      assert.deepEqual(this.holders(), sides, 'and it stays so');
      return (looks += 1);
    };
    await until('five more looks', look, (seen) => seen === 5, 20);
  }

  /** Ends everything that is left, and waits until it is gone. */
  async close(): Promise<void> {
    for (const side of ['a', 'b'] as const) this.release(side);
    for (const agent of this.#agents) agent.signal('SIGKILL');
    // One that is stopped would hold the agent's standard error open for ever.
    for (const pid of this.#executors) if (isRunning(pid)) process.kill(pid, 'SIGCONT');
    await Promise.all(this.#agents.map((agent) => agent.dispose()));
    await Promise.all(this.#executors.map(gone));
    for (const where of ['', '-n peer ']) ip(`${where}address flush to 192.0.2.100/32`);
    this.#agents.length = this.#executors.length = 0;
  }
}

const knowsPeer = ({ peers }: Status): boolean =>
  peers[0]?.state === 'healthy' && peers[0].virtualRouters?.length === 1;
