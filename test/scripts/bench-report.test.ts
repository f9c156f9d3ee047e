// The benchmark's tables and verdicts, from results made up here: every number printed must come from
// them. Nothing is measured.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { check } from 'prettier';
import { activeDownIntervalMs, judgeAims } from '../bench/aims.js';
import { replaceGenerated } from '../bench/markdown.js';
import { readOptions } from '../bench/options.js';
import { report } from '../bench/report.js';
import type {
  BenchFault,
  CostCell,
  FailoverCell,
  FailoverRun,
  IdleCell,
  ProcessUsage,
  Results,
  SideUsage,
  Software,
  StressCell,
} from '../bench/results.js';

const RUN: FailoverRun = {
  run: 1,
  sent: 1000,
  lost: 0,
  outageMs: 0,
  takenAfterMs: 5,
  aloneAfterMs: 12.5,
  watchedMs: 8300,
  bothHeldMs: 7.5,
  nobodyHeldMs: 0,
  back: { lost: 0, outageMs: 0, bothHeldMs: 0, nobodyHeldMs: 0 },
  latenessMs: 0.2,
};

const failover = (
  software: Software,
  fault: BenchFault,
  intervalMs: number,
  runs: readonly Partial<FailoverRun>[],
): FailoverCell => ({
  software,
  fault,
  intervalMs,
  runs: runs.map((run, index) => ({ ...RUN, run: index + 1, ...run })),
  failed: [],
});

const usage = (name: string, cpuPercent: number, rssMib: number): ProcessUsage => ({
  name,
  cpuPercent,
  rssKib: rssMib * 1024,
  pssKib: null,
});

const side = (cpuPercent: number, rssMib = 50): SideUsage => ({
  cpuPercent,
  rssKib: (rssMib + 1) * 1024,
  processes: [usage('agent', cpuPercent, rssMib), usage('executor', 0, 1)],
});

const idleOf = (
  software: Software,
  checksMs: number | null,
  active: number,
  backup: number,
): IdleCell => ({
  software,
  checksMs,
  monitors: false,
  windowMs: 1000,
  active: side(active),
  backup: side(backup),
});

const cost = (
  software: Software,
  routers: number,
  active: number,
  backup: number,
  takeOverMs: number,
): CostCell => ({
  software,
  routers,
  intervalMs: 100,
  windowMs: 10_000,
  active: side(active),
  backup: side(backup),
  transitions: 0,
  takeOverMs,
});

const NOTHING: Results = {
  date: '2026-01-02T03:04:05.678Z',
  tookSeconds: 90,
  machine: {
    processor: 'Abacus',
    cores: 2,
    memoryMib: 2048,
    kernel: '6.1',
    node: 'v20.20.2',
    understudy: '0.1.0',
    keepalived: 'v2.2.7',
  },
  options: readOptions([]) ?? assert.fail('options'),
  scheduling: 'SCHED_FIFO',
  failover: [],
  tuned: [],
  cost: [],
  costFailed: [],
  idle: [],
  start: null,
  stress: [],
  stressFailed: [],
  planned: [],
};

const verdictOf = (results: Partial<Results>, aim: RegExp) =>
  judgeAims({ ...NOTHING, ...results }).find((one) => aim.test(one.aim)) ?? assert.fail(`${aim}`);

/** The cells of the one row of the report that has all of these. */
function row(text: string, ...cells: readonly string[]): string[] {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').slice(1, -1))
    .map((found) => found.map((cell) => cell.trim()));
  const matching = rows.find((found) => cells.every((cell) => found.includes(cell)));
  return matching ?? assert.fail(`no row with ${cells.join(', ')} in\n${text}`);
}

describe('aims', () => {
  it('are not met and not missed while nothing was measured', () => {
    const verdicts = judgeAims(NOTHING);
    assert.ok(verdicts.length > 20);
    for (const { aim, verdict } of verdicts) assert.equal(verdict, 'not measured', aim);
  });

  it('hold for the worst run at every interval', () => {
    const good = failover('understudy', 'kill', 1000, [{ lost: 1 }, { lost: 0 }]);
    const bad = failover('understudy', 'kill', 10, [{ lost: 0 }, { lost: 2 }]);
    const theirs = failover('keepalived', 'kill', 1000, [{ lost: 99 }]);
    const aim = /^kill: at most 1 lost/;
    assert.deepEqual(verdictOf({ failover: [good, theirs] }, aim).verdict, 'met');
    const found = verdictOf({ failover: [good, theirs, bad] }, aim);
    assert.deepEqual(found.verdict, 'NOT met');
    assert.equal(found.measured, '1 at 1000 ms, 2 at 10 ms');
  });

  it('an address left behind for good is never left alone', () => {
    const left = failover('understudy', 'hang', 100, [{}, { aloneAfterMs: null }]);
    const found = verdictOf({ failover: [left] }, /^hang: address on one node/);
    assert.deepEqual([found.verdict, found.measured], ['NOT met', 'never at 100 ms']);
  });

  it('Active_Down_Interval of a Backup with priority 100 (RFC 9568 §6.1)', () => {
    assert.equal(activeDownIntervalMs(1000), 3609.375);
  });

  it('outages are compared with those of the same run, each interval by its own measure', () => {
    const both = (fault: BenchFault, intervalMs: number, own: number, beside: number) => [
      failover('understudy', fault, intervalMs, [{ outageMs: own }]),
      failover('keepalived', fault, intervalMs, [{ outageMs: beside }]),
    ];
    const failovers = [
      ...both('unplug', 1000, 20, 2800),
      ...both('unplug', 100, 20, 280),
      ...both('unplug', 10, 35, 35),
    ];
    const slow = /^unplug at 1000 and 100 ms/;
    assert.equal(verdictOf({ failover: failovers }, slow).verdict, 'met');
    assert.equal(verdictOf({ failover: failovers }, /^unplug at 10 ms/).verdict, 'met');
    const worse = [...both('unplug', 1000, 20, 2800), ...both('unplug', 100, 60, 280)];
    assert.equal(verdictOf({ failover: worse }, slow).verdict, 'NOT met');
    const alone = [failover('understudy', 'unplug', 100, [{ outageMs: 1 }])];
    assert.equal(verdictOf({ failover: alone }, slow).verdict, 'not measured');
  });

  it('cost: beside keepalived, and linear', () => {
    const cells = [
      cost('understudy', 1, 1, 1, 5),
      cost('understudy', 50, 2, 2, 5),
      cost('understudy', 250, 6, 12, 100),
      cost('keepalived', 250, 4, 4, 120),
    ];
    const verdict = (aim: RegExp): string => verdictOf({ cost: cells }, aim).verdict;
    assert.equal(verdict(/Active at most 1 /), 'NOT met');
    assert.equal(verdict(/Backup at most 1 /), 'NOT met');
    assert.equal(verdict(/take-over at most/), 'met');
    assert.equal(verdict(/^250 .*: agent at most 55/), 'met');
    assert.equal(verdict(/^1 .*: agent at most 45/), 'NOT met');
    assert.equal(verdict(/executor at most 2/), 'met');
    const growth = verdictOf({ cost: cells }, /growth linear/);
    assert.equal(growth.verdict, 'NOT met');
    assert.equal(growth.measured, '0.98 at the Active, 2.45 at the Backup');
  });

  it('tuned: by the cells of that part alone, and parted power cuts by their worst', () => {
    const tuned = [
      failover('understudy', 'parted-20', 1000, [{ outageMs: 20 }, { outageMs: 71 }]),
      failover('understudy', 'silent-lan', 10, [{ outageMs: 49, aloneAfterMs: 60 }]),
      failover('keepalived', 'silent-lan', 10, [{ outageMs: 33 }]),
    ];
    const of = (aim: RegExp) => verdictOf({ tuned }, aim);
    assert.equal(of(/^tuned, parted-20: worst outage at most 70/).verdict, 'NOT met');
    assert.equal(of(/^tuned, silent-lan at 10 ms: at most 1.5/).measured, '1.48 at 10 ms');
    assert.equal(of(/^tuned, silent-lan: address on one node only/).verdict, 'met');
    assert.equal(of(/^silent-lan at 10 ms/).verdict, 'not measured');
    const failovers = [failover('understudy', 'unplug', 100, [{ outageMs: 8 }, { outageMs: 22 }])];
    const found = (aim: RegExp) => verdictOf({ failover: failovers }, aim).verdict;
    assert.equal(found(/^unplug: median outage/), 'NOT met');
    assert.equal(found(/^unplug: worst outage/), 'NOT met');
  });

  it('memory: all processes of the side that needs more, with monitors and without', () => {
    const cell = idleOf('understudy', 100, 1, 1);
    const of = (pssMib: number): SideUsage => ({
      ...side(1),
      processes: [{ ...usage('agent', 1, 50), pssKib: pssMib * 1024 }],
    });
    const idle = [
      { ...cell, active: of(20), backup: of(31) },
      { ...cell, monitors: true, active: of(60), backup: of(59) },
    ];
    assert.equal(verdictOf({ idle }, /without monitors: at most 30/).measured, '31.0 MiB');
    assert.equal(verdictOf({ idle }, /with monitors: at most 60/).verdict, 'met');
  });

  it('idle: the side that needs more counts', () => {
    const idle = [idleOf('understudy', 100, 0.2, 0.6), idleOf('understudy', 10, 3.1, 1)];
    const of = (aim: RegExp) => verdictOf({ idle }, aim);
    assert.deepEqual(of(/asked every 100 ms/).measured, '0.60 %');
    assert.equal(of(/asked every 100 ms/).verdict, 'met');
    assert.equal(of(/asked every 10 ms/).verdict, 'NOT met');
    assert.equal(verdictOf({}, /asked every 10 ms/).verdict, 'not measured');
  });

  it('start and load', () => {
    const start = {
      firstAdvertisementMs: { understudy: [200, 260], keepalived: [] },
      statusMs: [60, 72, 75],
      checkMs: [90, 96, 80],
      nodeMs: [60, 60, 60],
      unavailable: [],
    };
    assert.equal(verdictOf({ start }, /status at most/).measured, '1.20');
    assert.equal(verdictOf({ start }, /status at most/).verdict, 'met');
    assert.equal(verdictOf({ start }, /check at most/).measured, '1.50');
    assert.equal(verdictOf({ start }, /exec to first advertisement/).measured, '3.83');
    assert.equal(verdictOf({ start }, /first advertisement within/).verdict, 'NOT met');
    const stress: StressCell = {
      software: 'understudy',
      realtime: true,
      minutes: 10,
      intervalMs: 10,
      transitions: 0,
      takeOvers: 0,
      bothHeldMs: 0,
      nobodyHeldMs: 0,
    };
    const verdict = (cells: readonly StressCell[]): string =>
      verdictOf({ stress: cells }, /no false failover/).verdict;
    assert.equal(verdict([stress, { ...stress, realtime: false, transitions: 9 }]), 'met');
    assert.equal(verdict([{ ...stress, transitions: 2, takeOvers: 1 }]), 'NOT met');
  });
});

describe('the report', () => {
  const kill = [
    failover('understudy', 'kill', 100, [{}, {}, { aloneAfterMs: 20 }]),
    failover('keepalived', 'kill', 100, [
      { lost: 3, outageMs: 4, aloneAfterMs: null, bothHeldMs: 8000 },
      { lost: 5, outageMs: 6.5, aloneAfterMs: null, bothHeldMs: 8000 },
      { lost: 10, outageMs: 11.4, aloneAfterMs: null, bothHeldMs: 8000 },
    ]),
  ];

  it('shows median and worst of both, and their ratio', () => {
    const text = report({ ...NOTHING, failover: kill });
    assert.deepEqual(row(text, 'kill (SIGKILL)', '5 / 10'), [
      'kill (SIGKILL)',
      '100 ms',
      '0',
      '5 / 10',
      '0',
      '6.5 / 11',
      '0',
      '0',
      '0',
    ]);
  });

  it('says for good when an address was left behind, and how long that was watched', () => {
    const text = report({ ...NOTHING, failover: kill });
    assert.deepEqual(row(text, 'kill (SIGKILL)', 'for good'), [
      'kill (SIGKILL)',
      '100 ms',
      '13 / 20',
      'for good',
      '7.5',
      'for good',
      '0',
      '0',
    ]);
    assert.match(text, /8\.30 s or more after the fault/);
  });

  it('a run that failed has its place, its reason and no number', () => {
    const failed = [1, 2].map((attempt) => ({ run: 1, attempt, reason: 'it rained' }));
    const [first] = kill;
    const cells = [first ?? assert.fail(), { ...failover('keepalived', 'kill', 100, []), failed }];
    const text = report({ ...NOTHING, failover: cells });
    assert.equal(row(text, 'kill (SIGKILL)', 'n/a').filter((cell) => cell === 'n/a').length, 3);
    assert.match(
      text,
      /keepalived, kill \(SIGKILL\) at 100 ms, run 1, attempt 2 \(n\/a\): it rained/,
    );
  });

  it('cost: ratios, and n/a for the side that has no number', () => {
    const cells = [
      cost('understudy', 1, 1, 3, 10),
      { ...cost('keepalived', 1, 0.5, 1, 40), transitions: 7 },
      cost('understudy', 250, 1, 3, 10),
    ];
    const costFailed = [
      { software: 'keepalived', routers: 250, intervalMs: 100, reason: 'too slow' } as const,
    ];
    const text = report({ ...NOTHING, cost: cells, costFailed });
    const numbers = ['1.00', '0.50', '2.00', '3.00', '1.00', '3.00', '10', '40', '0.25', '0', '7'];
    assert.deepEqual(row(text, '1', '100 ms', '2.00'), ['1', '100 ms', ...numbers]);
    assert.deepEqual(row(text, '250', '100 ms').slice(2, 5), ['1.00', 'n/a', 'n/a']);
    assert.match(text, /keepalived, 250 virtual routers at 100 ms \(n\/a\): too slow/);
  });

  it('idle: beside keepalived, with and without a peer', () => {
    const idle = [
      idleOf('keepalived', null, 0.1, 0.05),
      idleOf('understudy', null, 0.2, 0.1),
      idleOf('understudy', 100, 0.3, 0.4),
    ];
    const text = report({ ...NOTHING, idle });
    const numbers = (software: Software, asked: string) => row(text, software, asked).slice(2, 6);
    assert.deepEqual(numbers('keepalived', 'no peer'), ['no', '0.10', '0.05', '-']);
    assert.deepEqual(numbers('understudy', 'no peer'), ['no', '0.20', '0.10', '2.00']);
    assert.deepEqual(numbers('understudy', '100 ms'), ['no', '0.30', '0.40', '4.00']);
  });

  it('idle: with monitors beside keepalived with its own', () => {
    const idle = [
      idleOf('keepalived', null, 0.1, 0.05),
      { ...idleOf('keepalived', null, 0.2, 0.1), monitors: true },
      { ...idleOf('understudy', 100, 0.6, 0.4), monitors: true },
    ];
    const text = report({ ...NOTHING, idle });
    assert.deepEqual(row(text, 'understudy', 'yes').slice(2, 6), ['yes', '0.60', '0.40', '3.00']);
  });

  it('tuned alike has tables of its own', () => {
    const tuned = [failover('understudy', 'parted-50', 1000, [{ lost: 35, outageMs: 35 }])];
    const text = report({ ...NOTHING, tuned });
    assert.match(text, /### Tuned alike/);
    assert.deepEqual(row(text, 'power cut, 50 ms apart', '35').slice(1, 4), [
      '1000 ms',
      '35',
      'n/a',
    ]);
    assert.doesNotMatch(text, /### What a client lost/);
  });

  it('memory: one sum a side, of what is counted in part', () => {
    const processes = [
      { ...usage('agent', 1, 50), pssKib: 20 * 1024 },
      { ...usage('/bin/sh', 0, 2), pssKib: 512 },
      { ...usage('/bin/sh', 0, 2), pssKib: 512 },
    ];
    const cell = cost('understudy', 1, 1, 1, 1);
    const text = report({ ...NOTHING, cost: [{ ...cell, active: { ...cell.active, processes } }] });
    assert.match(text, /agent, 2 \/bin\/sh +\| +50\.0 \| +21\.0 \|/);
    assert.match(text, /agent, executor +\| +50\.0 \| +n\/a \|/);
  });

  it('has date and machine, and no part that was not measured', () => {
    const text = report(NOTHING);
    assert.match(text, /2026-01-02 03:04 UTC, in 1\.5 minutes/);
    assert.match(text, /2 cores of Abacus, 2 GiB, Linux 6\.1/);
    assert.match(text, /Node 20\.20\.2, keepalived 2\.2\.7/);
    assert.doesNotMatch(text, /### (?!Aims)/);
  });

  it('is formatted as the tree is', async () => {
    const text = replaceGenerated(null, report({ ...NOTHING, failover: kill }));
    const options = { parser: 'markdown', printWidth: 100, singleQuote: true };
    assert.ok(await check(text, options), text);
  });
});
