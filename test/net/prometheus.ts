// A real Prometheus beside a pair: it scrapes what each appliance writes for the textfile collector, and goes by the rules
// of docs/monitoring, whose times alone are made shorter. It keeps a timeline. No test cases.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ROOT } from '../../scripts/lab/program.js';
import { LineLog, run } from '../../scripts/lab/command.js';
import { now } from '../../scripts/lab/clock.js';
import { atLeast, eventOf, until } from '../support/limits.js';

/** Milliseconds between two scrapes, between two looks at the rules, and between two looks at the alerts. */
const PACE_MS = 250;
/** Seconds after which a status is old, instead of a minute. */
const OLD_S = 5;

const RULES = ['understudy.rules.yml', 'understudy.alerts.yml'] as const;

/** The rules as they are delivered, but for how long a thing has to last before it is told. */
export const hastened = (text: string): string =>
  text
    .replaceAll(/\bfor: \S+/g, 'for: 1s')
    .replaceAll(/(understudy_status_timestamp_seconds [<>] (?:bool )?)60\b/g, `$1${OLD_S}`)
    .replaceAll(/\[\d+m\]/g, '[10s]');

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

/** `UnderstudyPathLost a`: of one that is about an address, and no appliance, the name alone. */
const nameOf = ({ labels: { alertname = '', instance = '' } }: Alert): string =>
  `${alertname.replace(/^Understudy/, '')} ${instance}`.trim();

export class Prometheus {
  /** What was done, what fired and what resolved, in order. */
  readonly timeline: { readonly at: number; readonly text: string }[] = [];
  readonly #child: ChildProcess;
  readonly #log: LineLog;
  readonly #collectors: readonly Server[];
  readonly #url: string;
  readonly #watching: Promise<void>;
  #firing: readonly string[] = [];
  #closed = false;

  private constructor(
    child: ChildProcess,
    log: LineLog,
    collectors: readonly Server[],
    url: string,
  ) {
    this.#child = child;
    this.#log = log;
    this.#collectors = collectors;
    this.#url = url;
    this.#watching = this.#watch();
  }

  /**
   * Resolves when it answers.
   * @param directory its own, for its files
   * @param textfiles what each appliance writes, by the name that it gets as `instance`
   */
  static async start(
    directory: string,
    textfiles: Readonly<Record<string, string>>,
  ): Promise<Prometheus> {
    mkdirSync(directory, { recursive: true });
    await run(['ip', 'link', 'set', 'lo', 'up']);
    const collectors = await Promise.all(Object.values(textfiles).map(collector));
    const jobs = Object.keys(textfiles).map((instance, index) => ({
      targets: [`127.0.0.1:${portOf(collectors[index])}`],
      labels: { instance },
    }));
    for (const name of RULES) {
      const text = readFileSync(`${ROOT}docs/monitoring/${name}`, 'utf8');
      writeFileSync(`${directory}/${name}`, hastened(text));
    }
    const pace = `${PACE_MS}ms`;
    const settings = {
      global: { scrape_interval: pace, scrape_timeout: pace, evaluation_interval: pace },
      rule_files: RULES.map((name) => `${directory}/${name}`),
      scrape_configs: [{ job_name: 'node', static_configs: jobs }],
    };
    writeFileSync(`${directory}/prometheus.yml`, JSON.stringify(settings));
    const port = await freePort();
    const child = spawn(
      'prometheus',
      [
        `--config.file=${directory}/prometheus.yml`,
        `--storage.tsdb.path=${directory}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, GOMAXPROCS: '1' } },
    );
    const log = new LineLog(() => undefined);
    log.follow(child.stdout);
    log.follow(child.stderr);
    // Debian's package prometheus brings it.
    child.once('error', ({ message }) => log.add(message));
    const prometheus = new Prometheus(child, log, collectors, `http://127.0.0.1:${port}`);
    await until(
      'a Prometheus that is ready',
      async () =>
        (await prometheus.#get('/-/ready')) === null
          ? log.lines.map(({ text }) => text).join('\n')
          : true,
      (seen) => seen === true,
      100,
    );
    return prometheus;
  }

  /** Puts what is done now into the timeline. */
  note(text: string): void {
    this.timeline.push({ at: now(), text });
  }

  /** The alerts that fire, sorted; as they were at the last look. */
  firing(): readonly string[] {
    return this.#firing;
  }

  /** Waits until all of these fire, whatever else does. */
  fire(expected: readonly string[]): Promise<readonly string[]> {
    return until(
      `firing: ${expected.join(', ')}`,
      () => this.#firing,
      (seen) => expected.every((one) => seen.includes(one)),
      PACE_MS,
    );
  }

  /** Waits until none of these fires. */
  resolve(expected: readonly string[]): Promise<readonly string[]> {
    return until(
      `none firing of ${expected.join(', ')}`,
      () => this.#firing,
      (seen) => !expected.some((one) => seen.includes(one)),
      PACE_MS,
    );
  }

  /** What an expression has now: the label of each series, sorted. */
  async ask(expression: string, label: string): Promise<string> {
    const answer = await this.#get(`/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data } = JSON.parse(answer ?? '{"data":{"result":[]}}') as {
      data: { result: { metric: Record<string, string> }[] };
    };
    return data.result
      .map(({ metric }) => metric[label] ?? '')
      .sort()
      .join();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#watching;
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const over = eventOf(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await over;
    }
    for (const server of this.#collectors) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #watch(): Promise<void> {
    do {
      await this.#look();
      await atLeast(PACE_MS);
    } while (!this.#closed);
  }

  async #look(): Promise<void> {
    const answer = await this.#get('/api/v1/alerts');
    if (answer === null) return;
    const { data } = JSON.parse(answer) as { data: { alerts: readonly Alert[] } };
    const firing = data.alerts.filter(({ state }) => state === 'firing').map(nameOf);
    const before = this.#firing;
    this.#firing = [...new Set(firing)].sort();
    for (const one of this.#firing) if (!before.includes(one)) this.note(`${one} fires`);
    for (const one of before) if (!this.#firing.includes(one)) this.note(`${one} resolves`);
  }

  /** Null when there is no answer, which #log says more about. */
  async #get(path: string): Promise<string | null> {
    try {
      const response = await fetch(`${this.#url}${path}`);
      return response.ok ? await response.text() : null;
    } catch {
      return null;
    }
  }

  /** What it has complained of, for a failed test. */
  complaints(): readonly string[] {
    return this.#log.lines.map(({ text }) => text);
  }
}

/** The textfile collector of node_exporter: whatever stands in the file now, nothing while there is none. */
async function collector(file: string): Promise<Server> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    let text = '';
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      // Not written yet.
    }
    response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await eventOf(server, 'listening');
  return server;
}

const portOf = (server: Server | undefined): number =>
  (server?.address() as AddressInfo | null)?.port ?? 0;

/** Nobody else is in this network namespace, so it stays free. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await eventOf(server, 'listening');
  const port = portOf(server);
  const closed = eventOf(server, 'close');
  server.close();
  await closed;
  return port;
}
