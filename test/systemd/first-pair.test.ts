// A newcomer's way to a pair, with the package and its man pages alone: each step as docs/FIRST-PAIR.md, from which the
// pages are made, has it. How long each takes is printed.
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { boxRefusal, type Box } from './box.js';
import { Machines, SETTINGS } from './machines.js';
import { installPackage, packageRefusal } from './packages.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? packageRefusal();

/** A man page of the machine, as text without its escapes. */
const page = (box: Box, name: string): string =>
  gunzipSync(readFileSync(box.path(`/usr/share/man/${name}.gz`)))
    .toString('utf8')
    .replaceAll('\\-', '-');

/** The examples of understudy.yaml(5), in their order: of the first appliance and of the other one. */
const examples = (box: Box): string[] =>
  [
    ...(
      /^\.SH "EXAMPLE"\n([^]*?)^\.SH /m.exec(page(box, 'man5/understudy.yaml.5'))?.[1] ?? ''
    ).matchAll(/^\.nf\n([^]*?)^\.fi$/gm),
  ].map(([, text = '']) => text);

describe('the first pair', { skip }, () => {
  let machines: Machines;
  const times: string[] = [];
  async function step(what: string, act: () => Promise<unknown>): Promise<void> {
    const from = performance.now();
    await act();
    times.push(`${what}: ${((performance.now() - from) / 1_000).toFixed(1)} s`);
  }

  before(async () => {
    const boxes: Box[] = [];
    machines = await Machines.start(async (box) => {
      await step(`apt install, at ${box.name}`, () => installPackage(box));
      boxes.push(box);
      if (boxes.length < 2) return;
      const [a, b] = boxes.toSorted((one, other) => one.name.localeCompare(other.name));
      assert.ok(a !== undefined && b !== undefined);
      const [first = '', second = ''] = examples(a);
      a.write(SETTINGS, first);
      b.write(SETTINGS, second);
      await step('understudy keygen', () => a.run(['understudy', 'keygen']));
      // `scp -p`: as root, with the mode that it has.
      b.write('/etc/understudy/ha.key', a.read('/etc/understudy/ha.key'), 0o600);
      await b.sh('chown --reference=/etc/understudy /etc/understudy/ha.key');
      for (const [at, name] of [
        [a, 'dallas-1'],
        [b, 'dallas-2'],
      ] as const) {
        await step(`understudy check, at ${at.name}`, async () => {
          const { stdout, stderr } = await at.run(['understudy', 'check']);
          assert.match(stdout, new RegExp(`^ok: ${name}, active-passive`));
          assert.equal(stderr, '');
        });
      }
    });
  });
  after(async () => machines.close());
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${machines.words()}\n`);
  });

  it('runs: the first words of the screen are those of the page, on either', async (t) => {
    for (const line of times) t.diagnostic(line);
    const { a, b } = machines;
    const words = 'HEALTHY, READY';
    assert.ok(page(a, 'man8/understudy.8').includes(words), 'the page says what to look for');
    for (const box of [a, b]) {
      await machines.status(
        box,
        'healthy and ready',
        ({ health, readiness = [] }) =>
          health.state === 'healthy' &&
          readiness.length > 0 &&
          readiness.every(({ ready }) => ready),
      );
    }
    const { stdout } = await a.run(['understudy']);
    assert.ok(stdout.startsWith(words), stdout);
    assert.match(stdout, /^lan {2}Active [^]*^ {2}addresses {3}10\.99\.0\.100\/24 {2}present/m);
  });

  it('and moves as the page says, without loss', async (t) => {
    const { a, b } = machines;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const move = (): Promise<unknown> => machines.handOver(from);
      const { lost } = await machines.observe(t, to, move, () => machines.standsBy(from));
      assert.equal(lost, 0);
    }
    assert.match(
      (await b.run(['understudy', 'events'])).stdout,
      /lan: Active → Backup, failover: /,
    );
  });
});
