// Fifty pages stream from the console of the Active while settings are saved through it, again and again: no probe of a
// client is lost, no role moves, and no advertisement is late. SECONDS=60 does it for a minute. No browser.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { now } from '../../scripts/lab/clock.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { MAIN } from '../support/agent-process.js';
import { eventOf, notSeen, until, within } from '../support/limits.js';
import type { PairBench } from './pair-bench.js';
import { describePair } from './pair-suite.js';

const skip = (await enterSandbox()) ?? false;

const PAGES = 50;
const SECONDS = Number(process.env['SECONDS'] ?? 10);

/** An advertisement that is later than this is missed by whoever counts on it. */
const LATE_MS = 1_000;

interface Answered {
  readonly cookie: string | undefined;
  readonly value: { readonly ok?: boolean; readonly error?: { readonly code?: string } };
}

/** The console as a program of its own, on a unix socket: what it costs is not the test's. */
class ConsoleProgram {
  readonly #socketPath: string;
  readonly #child: ChildProcess;
  readonly #streams: ReturnType<typeof request>[] = [];
  /** Of the settings, as the first page was told them. */
  digest = '';
  told = 0;
  cookie = '';

  constructor(directory: string) {
    const file = `${directory}/console.yaml`;
    this.#socketPath = `${directory}/console.sock`;
    const settings = {
      name: 'console',
      runtimeDirectory: `${directory}/run`,
      virtualRouters: [{ name: 'x', interface: 'x', vrid: 1, addresses: ['192.0.2.1/24'] }],
      console: { listen: `unix:${this.#socketPath}`, tokenFile: `${directory}/console.token` },
    };
    writeFileSync(file, JSON.stringify(settings));
    this.#child = spawn(process.execPath, [MAIN, 'console', '--config', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  async signIn(directory: string): Promise<void> {
    const { stdout } = this.#child;
    assert.ok(stdout);
    const lines = createInterface({ input: stdout });
    const listening = new Promise<void>((resolve) =>
      lines.on('line', (line) => line.includes('listening at') && resolve()),
    );
    await within('that the console listens', listening);
    const token = readFileSync(`${directory}/console.token`, 'utf8').trim();
    const { cookie } = await this.post('sign-in', { token });
    if (cookie === undefined) throw notSeen('a cookie', cookie);
    this.cookie = cookie;
  }

  #call(path: string, method: string): ReturnType<typeof request> {
    return request({
      socketPath: this.#socketPath,
      path: `/api/${path}`,
      method,
      agent: false,
      headers: {
        Host: 'localhost',
        Origin: 'http://localhost',
        'Content-Type': 'application/json',
        Cookie: this.cookie,
      },
    });
  }

  post(path: string, body: object): Promise<Answered> {
    const exchange = new Promise<Answered>((resolve, reject) => {
      const call = this.#call(path, 'POST');
      call.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () =>
          resolve({
            cookie: response.headers['set-cookie']?.[0]?.split(';')[0],
            value: JSON.parse(text) as Answered['value'],
          }),
        );
      });
      call.once('error', reject).end(JSON.stringify(body));
    });
    return within(`an answer to ${path}`, exchange);
  }

  /** A page: it reads all that it is told. */
  async stream(): Promise<void> {
    const call = this.#call('stream', 'GET');
    const first = this.#streams.length === 0;
    this.#streams.push(call);
    let text = '';
    call.once('response', (response) => {
      assert.equal(response.statusCode, 200);
      response.setEncoding('utf8').on('data', (chunk: string) => {
        this.told += 1;
        if (!first) return;
        text = (text + chunk).slice(-200_000);
        this.digest = [...text.matchAll(/"digest":"([0-9a-f]{16})"/g)].at(-1)?.[1] ?? this.digest;
      });
      response.on('error', () => undefined);
    });
    call.on('error', () => undefined).end();
    await eventOf(call, 'response');
  }

  /** What Save does, twice: what it would change, and the change. */
  async save(flaps: number): Promise<void> {
    const { digest: base } = this;
    const changes = [{ path: 'ha.maximumFlaps', value: flaps }];
    for (const apply of [false, true]) {
      const { value } = await this.post('change', { base, changes, apply });
      // What takes the agent longer than its answer may take happens nevertheless: the page shows it.
      const isLate = value.ok !== true && value.error?.code === 'too-slow';
      assert.ok(value.ok || isLate, JSON.stringify(value));
    }
    await until(
      'another version of the settings on the page',
      () => this.digest,
      (digest) => digest !== base,
    );
  }

  async end(): Promise<void> {
    for (const call of this.#streams) call.destroy();
    const ended = eventOf(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await within('the end of the console', ended);
  }
}

async function load(bench: PairBench): Promise<void> {
  const { directory } = bench.a;
  const console = new ConsoleProgram(directory);
  bench.undoing(() => console.end());
  await console.signIn(directory);
  for (let page = 0; page < PAGES; page += 1) await console.stream();
  await until('the settings on the page', () => console.digest);
  const before = await bench.a.patientControl.status();
  let saves = 0;
  const seen = await bench.observeStill(`${PAGES} pages, Save`, async () => {
    const from = now();
    do {
      saves += 1;
      await console.save(5 + (saves % 2));
    } while (now() - from < SECONDS * 1_000);
  });
  const after = await bench.a.patientControl.status();
  assert.ok(before.lateness && after.lateness);
  const sent = after.lateness.count - before.lateness.count;
  const counts = after.lateness.atMost.map(({ ms, count }, index) => ({
    ms,
    count: count - (before.lateness?.atMost[index]?.count ?? 0),
  }));
  bench.print(`${saves} saves, each shown first; ${console.told} pieces told to the pages`);
  bench.print(
    `${sent} advertisements; at most so late: ${counts.map(({ ms, count }) => `${ms} ms ${count}`).join(', ')}`,
  );
  assert.ok(saves > 0 && sent > 0, `saves and advertisements expected: ${saves}, ${sent}`);
  const inTime = counts.find(({ ms }) => ms === LATE_MS)?.count ?? 0;
  // Whatever held up the one that no page looks at was not the console.
  const stoodStill = seen.events.b.some(({ event }) => event === 'stalled');
  assert.ok(inTime === sent || stoodStill, `${sent - inTime} late: ${JSON.stringify(counts)}`);
}

describePair('the console of the Active', { skip, spec: { ha: { sync: 'off' } } }, (test) => {
  test('holds up neither advertisements nor probes, however many pages and saves there are', load);
});
