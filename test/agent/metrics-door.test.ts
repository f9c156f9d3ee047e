// Who gets which text, how often one is made, and the file: on a clock moved by hand, with a disk that can be full.
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '../support/test.js';
import { until } from '../support/limits.js';
import { METRICS_AGE_MS, MetricsDoor, SAMPLES_PER_TURN } from '../../src/agent/metrics-door.js';
import type { ReplaceFile } from '../../src/files/background-file.js';
import { metricsParts } from '../../src/metrics/metrics.js';
import { milliseconds } from '../../src/model/units.js';
import { everything } from '../metrics/statuses.js';
import { benchFolder, startBench } from './agent-bench.js';
import { manualClock } from '../support/manual-clock.js';
import { settle } from './rig.js';
import { metricsText } from '../metrics/text.js';

function door(replace?: ReplaceFile, status = everything) {
  const clock = manualClock();
  let made = 0;
  let turns = 0;
  const problems: (string | null)[] = [];
  const own = new MetricsDoor({
    status: () => {
      made += 1;
      return status;
    },
    now: clock.now,
    later: clock.later,
    nextTurn: () => {
      turns += 1;
      return Promise.resolve();
    },
    onProblem: () => problems.push(own.problem()),
    replace,
  });
  return { door: own, clock, problems, made: () => made, turns: () => turns };
}

const text = async (own: MetricsDoor): Promise<string> =>
  Buffer.from((await own.metrics()).bytes).toString('utf8');

const metrics = (textfile: string | null) => ({ textfile, interval: milliseconds(15_000) });

describe('the metrics', () => {
  it('are made once for all who ask within a quarter of a second', async () => {
    const { door: own, clock, made } = door();
    const texts = await Promise.all(Array.from({ length: 1_000 }, () => text(own)));
    assert.deepEqual([...new Set(texts)], [metricsText(everything)]);
    clock.advance(METRICS_AGE_MS - 1);
    await text(own);
    assert.equal(made(), 1);
    clock.advance(1);
    await text(own);
    assert.equal(made(), 2);
  });

  it('of a large appliance are made in turns, none of them longer than a family', async () => {
    const [router] = everything.virtualRouters;
    assert.ok(router);
    const virtualRouters = Array.from({ length: 50 }, (_, index) => ({
      ...router,
      name: `r${index}`,
    }));
    const large = { ...everything, virtualRouters };
    const { door: own, turns } = door(undefined, large);
    assert.equal(await text(own), metricsText(large));
    let expected = 0;
    let samples = 0;
    for (const part of metricsParts(large)) {
      samples += part.samples;
      if (samples < SAMPLES_PER_TURN) continue;
      samples = 0;
      expected += 1;
    }
    assert.equal(turns(), expected);
    assert.ok(expected > 5, `${expected} turns`);
  });

  it('are made anew after a status that could not be had', async () => {
    let fails = true;
    const own = new MetricsDoor({
      status: () => (fails ? assert.fail('no status') : everything),
      now: () => 0,
      onProblem: () => undefined,
    });
    await assert.rejects(own.metrics(), /no status/);
    fails = false;
    assert.equal(await text(own), metricsText(everything));
  });
});

describe('the file of the metrics', () => {
  it('is written at once and every interval, readable for all, and once more at the end', async () => {
    const written: [string, number][] = [];
    const { door: own, clock } = door((path, _text, { mode }) => {
      written.push([path, mode]);
      return Promise.resolve();
    });
    const writings = (count: number): Promise<number> =>
      until(
        `${count} writings`,
        () => written.length,
        (seen) => seen === count,
      );
    own.configure(metrics('/m/u.prom'));
    await writings(1);
    assert.deepEqual(written, [['/m/u.prom', 0o644]]);
    clock.advance(14_999);
    await settle();
    assert.equal(written.length, 1);
    clock.advance(1);
    await writings(2);
    await own.close();
    assert.equal(written.length, 3);
    clock.advance(15_000);
    await settle();
    assert.equal(written.length, 3, 'none behind the last');
  });

  it('a disk that is full is a reason of health until it is not, and the newest text gets there', async () => {
    let full = true;
    const {
      door: own,
      clock,
      problems,
    } = door(() =>
      full ? Promise.reject(new Error('ENOSPC: no space left on device')) : Promise.resolve(),
    );
    own.configure(metrics('/m/u.prom'));
    await until(
      'a problem',
      () => problems.length,
      (count) => count === 1,
    );
    assert.match(own.problem() ?? '', /^metrics\.textfile: \/m\/u\.prom: ENOSPC/);
    full = false;
    clock.advance(15_000);
    await until(
      'no problem',
      () => own.problem(),
      (problem) => problem === null,
    );
    await own.close();
  });

  it('a folder that is missing costs an agent nothing but the file, which is there once it is', async (t) => {
    const folder = benchFolder(t);
    const textfile = join(folder, 'metrics', 'understudy.prom');
    const bench = await startBench(folder, { metrics: { textfile, intervalSeconds: 1 } });
    const reasons = (): string => bench.agent.status().health.reasons.join('; ');
    await until('a reason of health', reasons, (said) => said.includes(textfile));
    assert.match(await bench.control.metrics(), /^# HELP understudy_build_info/);
    mkdirSync(join(folder, 'metrics'));
    bench.kernel.advance(4_000_000);
    await until('the file', () => existsSync(textfile), Boolean);
    assert.ok((await bench.agent.reload()).ok);
    await until('no reason of health', reasons, (said) => !said.includes(textfile));
    assert.equal(statSync(textfile).mode & 0o777, 0o644);
    await until(
      'an Active in the file',
      () => readFileSync(textfile, 'utf8'),
      (said) => said.includes('virtual_router_state{virtual_router="lan",state="Active"} 1'),
    );
    await bench.stop();
    assert.match(readFileSync(textfile, 'utf8'), /state="Initialize"\} 1/, 'the last word');
  });

  it('a link in its place is replaced, not followed: the folder is somebody else’s', async (t) => {
    const folder = benchFolder(t);
    const precious = join(folder, 'precious');
    writeFileSync(precious, 'kept');
    const textfile = join(folder, 'u.prom');
    symlinkSync(precious, textfile);
    const bench = await startBench(folder, { metrics: { textfile } });
    await until('a file', () => lstatSync(textfile).isFile(), Boolean);
    assert.equal(readFileSync(precious, 'utf8'), 'kept');
    assert.equal(lstatSync(textfile).mode & 0o777, 0o644);
    await bench.stop();
  });

  it('that the settings name no longer is removed; another one takes its place', async (t) => {
    const folder = benchFolder(t);
    const [one, two] = [join(folder, 'one.prom'), join(folder, 'two.prom')];
    const bench = await startBench(folder, { metrics: { textfile: one } });
    await until('the first', () => existsSync(one), Boolean);
    bench.write({ metrics: { textfile: two } });
    assert.ok((await bench.agent.reload()).ok);
    await until(
      'the second alone',
      () => [existsSync(one), existsSync(two)].join(),
      (is) => is === 'false,true',
    );
    bench.write({ metrics: {} });
    assert.ok((await bench.agent.reload()).ok);
    await until(
      'none',
      () => existsSync(two),
      (is) => !is,
    );
    await bench.stop();
    assert.equal(existsSync(two), false);
  });
});

describe('what is due', () => {
  it('goes out before a scrape is looked at, however many wait', async (t) => {
    const { agent, kernel, control } = await startBench(benchFolder(t));
    await settle();
    kernel.advance(4_000_000);
    const sent = (): number =>
      agent.status().virtualRouters[0]?.counters.advertisementsSent ?? assert.fail('no router');
    await until('an Active', sent, (count) => count > 0);
    await settle();
    const before = sent();
    // The timer of the kernel in memory expires only where it is told to.
    kernel.stall(1_000_000);
    await settle();
    assert.equal(sent(), before, 'nobody else wakes it');
    await control.metrics();
    assert.equal(sent(), before + 1);
    await control.metrics();
    assert.equal(sent(), before + 1, 'and nothing that is not due');
  });
});
