// A pair of two builds: this one's package, and that of another commit, which scripts/test-systemd --former has made.
// STOPS: so often either is stopped while it is Active, 3 times unless given.
import assert from 'node:assert/strict';
import { enterSandbox } from '../../../scripts/lab/sandbox.js';
import { after, afterEach, before, describe, it } from '../../support/test.js';
import { boxRefusal, UNIT, type Box } from '../box.js';
import { ADDRESS, Machines, SETTINGS, settingsText, setUp } from '../machines.js';
import {
  FORMER_PACKAGE,
  formerRefusal,
  installPackage,
  packageRefusal,
  PACKAGE,
} from '../packages.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? (packageRefusal() || formerRefusal());

const STOPS = Number(process.env['STOPS'] ?? 3);

describe('this build beside a former one', { skip }, () => {
  let machines: Machines;
  before(async () => {
    machines = await Machines.start(async (box) => {
      await installPackage(box, box.name === 'a' ? FORMER_PACKAGE : PACKAGE);
      await setUp(box);
    });
  });
  after(async () => machines.close());
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${machines.words()}\n`);
  });

  const program = async (box: Box): Promise<string> =>
    (await box.run(['sha256sum', '/usr/lib/understudy/dist/program/agent.cjs'])).stdout;

  /** Who holds the address, and who stands by. */
  const roles = (): { readonly active: Box; readonly standby: Box } => {
    const { lab, a, b } = machines;
    return lab.holding(ADDRESS).join() === 'a'
      ? { active: a, standby: b }
      : { active: b, standby: a };
  };

  it('they are different, well, and agree', async () => {
    const { a, b } = machines;
    assert.notEqual(await program(a), await program(b));
    for (const box of [a, b]) {
      await machines.status(box, 'healthy', ({ health: { reasons } }) => reasons.length === 0);
    }
  });

  it('an operator moves the role, from either to either: nothing is lost', async (t) => {
    for (const time of [1, 2]) {
      const { active, standby } = roles();
      const move = (): Promise<unknown> => machines.handOver(active);
      const { lost } = await machines.observe(t, standby, move, () => machines.standsBy(active));
      assert.equal(lost, 0, `move ${time}`);
    }
  });

  it('either dies while it is Active: the other one takes over', async (t) => {
    for (const time of [1, 2]) {
      const { active, standby } = roles();
      const pid = await active.mainPid();
      const report = await machines.observe(
        t,
        standby,
        () => active.signal('KILL', pid),
        async () => {
          await machines.status(active, 'another agent', () => true);
          await machines.standsBy(active);
        },
      );
      assert.ok(report.lost === 0 || report.goodAgainAt !== null, `death ${time}: answers again`);
      assert.notEqual(await active.mainPid(), pid);
    }
  });

  it(`either is stopped while it is Active, ${STOPS} times: nothing is lost`, async (t) => {
    for (let time = 1; time <= 2 * STOPS; time += 1) {
      const { active, standby } = roles();
      await machines.readyToMove(active);
      const stop = (): Promise<unknown> => active.systemctl('stop', UNIT);
      const report = await machines.observe(t, standby, stop);
      assert.equal(report.lost, 0, `stop ${time}, of ${active.name}: ${JSON.stringify(report)}`);
      await active.systemctl('start', UNIT);
      await machines.standsBy(active);
    }
  });

  it('the former one upgraded while it is Active, and put back while it is: nothing is lost', async (t) => {
    const { a, b } = machines;
    for (const file of [PACKAGE, FORMER_PACKAGE]) {
      if (roles().active === b) {
        const move = (): Promise<unknown> => machines.handOver(b);
        await machines.observe(t, a, move, () => machines.standsBy(b));
      }
      await machines.readyToMove(a);
      const former = await program(a);
      const { lost } = await machines.observe(
        t,
        b,
        () => installPackage(a, file),
        () => machines.standsBy(a),
      );
      assert.equal(lost, 0);
      assert.notEqual(await program(a), former);
      assert.equal(a.read(SETTINGS), settingsText('a'));
    }
  });
});
