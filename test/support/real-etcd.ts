// A real etcd: one process and its folder, started, signalled, stopped and emptied. No client of it, no expectations.
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { ended, LineLog } from '../../scripts/lab/command.js';

export interface EtcdPlan {
  readonly name: string;
  readonly directory: string;
  /** `https://127.0.0.1:2379`. */
  readonly clientUrl: string;
  /** For the other members; that of etcd itself unless given. */
  readonly peerUrl?: string;
  /** All members of a cluster of several: `w=http://…:2380,x=…`. */
  readonly cluster?: string;
  /** Further words of its command line. */
  readonly words?: readonly string[];
  /** The command line that runs another one where the etcd stands. */
  readonly inside?: (argv: readonly string[]) => readonly string[];
}

export class RealEtcd {
  readonly plan: EtcdPlan;
  readonly log = new LineLog(() => undefined);
  #child: ChildProcess | null = null;

  constructor(plan: EtcdPlan) {
    this.plan = plan;
  }

  start(): void {
    const { name, directory, clientUrl, peerUrl, cluster, words = [] } = this.plan;
    const [command = '', ...rest] = this.#inside([
      'etcd',
      '--name',
      name,
      '--data-dir',
      directory,
      '--log-level',
      'warn',
      '--listen-client-urls',
      clientUrl,
      '--advertise-client-urls',
      clientUrl,
      ...(peerUrl === undefined
        ? []
        : ['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl]),
      ...(cluster === undefined ? [] : ['--initial-cluster', cluster]),
      ...words,
    ]);
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.log.follow(child.stdout);
    this.log.follow(child.stderr);
    this.#child = child;
  }

  signal(signal: NodeJS.Signals): void {
    assert.ok(this.#child?.kill(signal), `${this.plan.name}: expected an etcd that runs`);
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM');
    if (this.#child !== null) await ended(this.#child);
  }

  /** Whatever state it is in. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    if (this.#child !== null) await ended(this.#child);
  }

  /** While it is stopped: all that it knew. */
  empty(): void {
    rmSync(this.plan.directory, { recursive: true });
  }

  /** Runs etcdctl against it. @throws Error with what it said, when its status is not 0. */
  ctl(...words: readonly string[]): string {
    const [command = '', ...rest] = this.#inside([
      'etcdctl',
      '--endpoints',
      this.plan.clientUrl,
      ...words,
    ]);
    const env = { ...process.env, ETCDCTL_API: '3' };
    return execFileSync(command, rest, {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Whether it is the leader of its cluster, by its own word. */
  leads(): boolean {
    const [status] = JSON.parse(this.ctl('endpoint', 'status', '-w', 'json')) as {
      readonly Status: {
        readonly header: { readonly member_id: number };
        readonly leader: number;
      };
    }[];
    return status !== undefined && status.Status.leader === status.Status.header.member_id;
  }

  #inside(argv: readonly string[]): readonly string[] {
    return this.plan.inside?.(argv) ?? argv;
  }
}
