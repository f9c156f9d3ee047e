// An agent in a bad house: a log nobody reads, a disk that refuses, clients that talk nonsense. The
// role and the advertisements go on.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  rmSync,
  writeSync,
  readFileSync,
} from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { controlSocketPath } from '../../src/control/protocol.js';
import type { Status } from '../../src/model/status.js';
import { openKernel } from '../../src/kernel/native.js';
import { Peer } from '../kernel/peer.js';
import { AgentHome, AgentProcess, type StartOptions } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import {
  advertisementOfPeer,
  AddressWatch,
  Lan,
  priorityOf,
  router,
  settings,
  VIRTUAL,
} from './lan.js';
import { until, within } from '../support/limits.js';

const skip = enterNamespace(import.meta.url);
const nothing = (): void => undefined;
const FAULT = `data:text/javascript,process.on('SIGWINCH',()=>{throw new Error('injected')})`;

describe('an agent in a bad house', { skip }, () => {
  let lan: Lan;
  let peer: Peer;
  let watch: AddressWatch;
  let agent: AgentProcess;
  let homes = 0;
  before(async () => {
    joinPeer();
    const kernel = openKernel();
    lan = new Lan(kernel);
    watch = new AddressWatch(kernel);
    peer = await Peer.start();
  });
  afterEach(async () => {
    await agent.dispose();
    ip('address flush dev lan to 192.0.2.100/32');
    await lan.heardBy(peer);
  });
  after(async () => {
    lan.close();
    watch.close();
    await peer.stop();
  });

  const newHome = (): AgentHome =>
    new AgentHome(`home-${(homes += 1)}`, settings(router({ advertisementIntervalMs: 100 })));

  async function startActive(options: StartOptions = {}, home = newHome()): Promise<void> {
    agent = new AgentProcess(home, options);
    // Its log may be out of reach: what it sends shows that it is Active.
    await peer.packets.takeUntil((packet) => priorityOf(packet) === 200);
    await watch.stands();
    if (options.stdout === undefined) await agent.takenOver();
  }

  /** Advertisements that the agent says it has sent; null when it cannot be asked. */
  const sent = (): Promise<number | null> =>
    agent.router().then(
      ({ counters }) => counters.advertisementsSent,
      () => null,
    );

  const ask = async (): Promise<number> =>
    (await until('an answer', sent, (n) => n !== null)) ?? NaN;

  /**
   * That many more are sent while something is wrong, and as many arrive as the agent says it has sent. Where the
   * machine lets the agent wait for five intervals its executor says farewell in between; this is not judged here.
   */
  async function advertisesOn(count: number, spoil = nothing, mend = nothing): Promise<void> {
    await lan.heardBy(peer);
    const soFar = await ask();
    spoil();
    for (let more = 0; more < count; more += 1) {
      const claim = await peer.packets.takeUntil((packet) => priorityOf(packet) !== 0);
      assert.equal(priorityOf(claim), 200);
    }
    mend();
    const inAll = await ask();
    const arrived = count + (await lan.heardBy(peer)).length;
    assert.ok(arrived >= inAll - soFar, `${arrived} of ${inAll - soFar}`);
  }

  describe('whose log', () => {
    let pipe: number;
    /** A pipe that is full, and whose reader does not read. */
    function fullPipe(): number {
      const path = `/run/fifo-${homes}`;
      execFileSync('mkfifo', [path]);
      pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      const page = Buffer.alloc(4096, '\n');
      try {
        for (;;) writeSync(pipe, page);
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      }
      return openSync(path, 'w');
    }

    it('is stalled by its reader: every advertisement goes out, control and stop work', async () => {
      const stdout = fullPipe();
      await startActive({ stdout });
      closeSync(stdout);
      await advertisesOn(5);
      for (let count = 0; count < 20; count += 1) agent.signal('SIGHUP');
      assert.equal((await agent.router()).state, 'Active');
      await advertisesOn(5);

      assert.deepEqual(await agent.end('SIGTERM'), { code: 0, signal: null });

      assert.equal(watch.has(VIRTUAL), false);
      closeSync(pipe);
    });

    it('is stalled when the program fails: the process ends, and the addresses go', async () => {
      const stdout = fullPipe();
      await startActive({ stdout, preload: FAULT });
      closeSync(stdout);
      agent.signal('SIGWINCH');
      assert.deepEqual(await agent.exited, { code: 1, signal: null });
      await watch.stands(VIRTUAL, false);
      closeSync(pipe);
    });

    it('is closed by its reader: it goes on without', async () => {
      const stdout = fullPipe();
      await startActive({ stdout });
      closeSync(stdout);
      closeSync(pipe);
      agent.signal('SIGHUP');
      await agent.until(({ health }) => health.state === 'healthy');
      await advertisesOn(5);
      assert.deepEqual(await agent.end('SIGTERM'), { code: 0, signal: null });
    });
  });

  describe('whose state directory', () => {
    /** The role changes hands twice, which state.json and events.jsonl should tell. */
    async function handOver(): Promise<void> {
      const from = agent.lines.length;
      await peer.send(advertisementOfPeer(250, { interval: 10 }));
      await agent.transition('Backup', from);
      await peer.send(advertisementOfPeer(0));
      await agent.transition('Active', from);
    }

    /** The events that status says could not be written yet. */
    const waiting = ({ health }: Status): number =>
      Number(/events\.jsonl: ENOENT.* \((\d+) events wait/.exec(health.reasons.join('\n'))?.[1]);

    it('is removed: the role works, health says so, and it is well again when it is back', async () => {
      await startActive();
      const recorded = (): number => agent.lines.filter(({ event }) => event !== undefined).length;
      const path = `${agent.home.stateDirectory}/events.jsonl`;
      await agent.until(() => existsSync(path) && agent.home.events().length === recorded());
      const known = recorded();
      rmSync(agent.home.stateDirectory, { recursive: true });
      // Each file finds out for itself, when it is next written; a state that is soon as it was is not.
      const from = agent.lines.length;
      await peer.send(advertisementOfPeer(250, { interval: 100 }));
      await agent.transition('Backup', from);
      await agent.until(({ health }) =>
        health.reasons.some((one) => /state\.json: ENOENT/.test(one)),
      );
      await peer.send(advertisementOfPeer(0));
      await agent.transition('Active', from);
      const { health } = await agent.until((status) => waiting(status) === recorded() - known);
      assert.equal(health.state, 'degraded');
      mkdirSync(agent.home.stateDirectory);
      await agent.until((status) => status.health.state === 'healthy');
      const transitions = () => agent.home.events().filter(({ event }) => event === 'transition');
      await agent.until(() => transitions().length >= 2);
      assert.deepEqual(
        transitions().map(({ to }) => to),
        ['Backup', 'Active'],
      );
    });

    it('is read-only: the role works, and health says so', async () => {
      const home = newHome();
      mkdirSync(home.stateDirectory);
      await startActive({}, home);
      await agent.until((status) => status.health.state === 'healthy');
      // Read-only elsewhere first, and then over it: what is being written through cannot be made so.
      const elsewhere = `${home.directory}/read-only`;
      mkdirSync(elsewhere);
      execFileSync('mount', ['--bind', home.stateDirectory, elsewhere]);
      execFileSync('mount', ['-o', 'remount,bind,ro', elsewhere]);
      execFileSync('mount', ['--bind', elsewhere, home.stateDirectory]);
      await handOver();
      const { health } = await agent.until(({ health: { reasons } }) =>
        reasons.some((reason) => /events\.jsonl: EROFS/.test(reason)),
      );
      assert.equal(health.state, 'degraded');
      assert.deepEqual(await agent.end('SIGTERM'), { code: 0, signal: null });
      assert.equal(watch.has(VIRTUAL), false);
    });

    it('is full: the role works, health says so, and all is recorded once there is room', async () => {
      const home = newHome();
      mkdirSync(home.stateDirectory);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', home.stateDirectory]);
      await startActive({}, home);
      const { health } = await agent.until(({ health: { reasons } }) =>
        reasons.some((reason) => /ENOSPC/.test(reason)),
      );
      assert.equal(health.state, 'degraded');
      await handOver();
      const outcome = await agent.control.command('maintenance', 'on', true);
      assert.ok(outcome.ok);
      assert.match(outcome.detail, /not recorded yet, .*ENOSPC/);
      execFileSync('mount', ['-o', 'remount,size=1m', home.stateDirectory]);
      await agent.until((status) => !/ENOSPC/.test(status.health.reasons.join()));
      const state = readFileSync(`${home.stateDirectory}/state.json`, 'utf8');
      assert.match(state, /"maintenance": true/);
    });
  });

  describe('whose control socket', () => {
    /** Sends bytes and reads until the agent closes the connection. */
    function say(text: string | Buffer): Promise<string> {
      const socket = createConnection(controlSocketPath(agent.home.runtimeDirectory));
      let answer = '';
      socket.on('data', (piece: Buffer) => (answer += piece.toString()));
      const over = new Promise<string>((resolve) => {
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(answer));
      });
      // Its own half stays open: a client that closes it has no use for an answer.
      socket.write(text);
      return within('the agent to close the connection', over, () => answer);
    }
    const post = (path: string, body: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
      `Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

    it('is told nonsense: it is refused, and nothing changes', async () => {
      await startActive();
      const { since } = await agent.router();
      const from = agent.lines.length;
      const nonsense: [string | Buffer, RegExp][] = [
        [post('/v1/set', 'x'.repeat(70_000)), /^HTTP\/1\.1 413 /],
        [post('/v1/set', '{"setting":"mode"'), /^HTTP\/1\.1 400 /],
        [post('/v1/set', '{"setting":"mode","value":1}'), /^HTTP\/1\.1 400 /],
        [post('/v1/set', '{"setting":"mode","value":"sideways"}'), /^HTTP\/1\.1 422 /],
        [post('/v1/set', '{"setting":"colour","value":"blue"}'), /^HTTP\/1\.1 422 /],
        [post('/v1/nothing', '{}'), /^HTTP\/1\.1 404 /],
        [`GET /v1/status HTTP/1.1\r\nHost: ${'x'.repeat(10_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
        ['once upon a time\r\n\r\n', /^HTTP\/1\.1 400 /],
        [Buffer.alloc(100_000, 0xff), /^HTTP\/1\.1 400 |^$/],
      ];
      for (const [text, expected] of nonsense) assert.match(await say(text), expected);
      await advertisesOn(3);
      assert.deepEqual((await agent.router()).since, since);
      await agent.until(({ health }) => health.state === 'healthy');
      assert.deepEqual(agent.said(from), []);
    });

    it('is crowded by silent clients: advertisements go on', async () => {
      await startActive();
      const path = controlSocketPath(agent.home.runtimeDirectory);
      const crowd: Socket[] = [];
      const come = (): void => {
        for (let count = 0; count < 60; count += 1) {
          crowd.push(createConnection(path).on('error', nothing));
        }
      };
      await advertisesOn(5, come, () => crowd.forEach((socket) => socket.destroy()));
      assert.equal((await agent.router()).state, 'Active');
    });
  });
});
