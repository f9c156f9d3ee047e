// The .deb: installed without a network, upgraded while it is Active, removed and purged. What the program itself
// does under systemd is unit.test.ts's; scripts/install is install.test.ts's.
import assert from 'node:assert/strict';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import type { Status } from '../../src/model/status.js';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { boxRefusal, SOURCE, UNIT, type Box } from './box.js';
import { ADDRESS, Machines, SETTINGS, settingsText, setUp } from './machines.js';
import {
  installPackage,
  makeOlderPackage,
  OLDER_PACKAGE,
  OLDER_VERSION,
  PACKAGE,
  packageRefusal,
} from './packages.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? packageRefusal();

/** Every file that is there, but for dpkg's own and what runs and logs. */
async function files(box: Box): Promise<string[]> {
  const { stdout } =
    await box.sh(`find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path ${SOURCE} \
    -o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /run/systemd -o -path /run/log \\) -prune \
    -o -printf '%p\\n' | sort; cat /etc/passwd /etc/group`);
  return stdout.split('\n').filter((line) => !line.endsWith('.tmp'));
}

describe('the package', { skip }, () => {
  let machines: Machines;
  let clean: readonly string[] = [];
  before(async () => {
    machines = await Machines.start(async (box) => {
      if (box.name === 'a') clean = await files(box);
      assert.match(
        await installPackage(box),
        /edit \/etc\/understudy\/understudy\.yaml, then: understudy check && systemctl start understudy\n$/,
      );
      assert.equal((await box.run(['systemctl', 'is-enabled', UNIT])).stdout.trim(), 'enabled');
      assert.equal((await box.attempt(['systemctl', 'is-active', UNIT])).stdout.trim(), 'inactive');
      assert.match((await box.run(['understudy', 'check'])).stdout, /^ok: [ab], off/);
      await setUp(box);
    });
  });
  after(async () => machines.close());
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${machines.words()}\n`);
  });

  it('is judged where nothing acts at an hour of the day: it has no timer, and those of the distribution are masked', async () => {
    const { a, b } = machines;
    for (const box of [a, b]) {
      const asked = async (what: string): Promise<Record<string, unknown>[]> => {
        const { stdout } = await box.systemctl(what, '--all', '--type=timer', '--output=json');
        return JSON.parse(stdout) as Record<string, unknown>[];
      };
      const installed = await asked('list-unit-files');
      assert.ok(installed.some(({ unit_file: name }) => name === 'dpkg-db-backup.timer'));
      assert.deepEqual(
        installed.filter(({ state }) => state !== 'masked'),
        [],
      );
      assert.deepEqual(
        (await asked('list-units')).filter(
          ({ load, active }) => load !== 'masked' || active !== 'inactive',
        ),
        [],
      );
      const { code, stderr } = await box.attempt(['systemctl', 'start', 'dpkg-db-backup.timer']);
      assert.notEqual(code, 0);
      assert.match(stderr, /is masked/);
    }
  });

  it('runs with the Node that it brings, which no PATH finds', async () => {
    const { a } = machines;
    const { stdout } = await a.sh(`readlink /proc/${await a.mainPid()}/exe`);
    assert.equal(stdout.trim(), '/usr/lib/understudy/bin/node');
    const version = await a.sh('/usr/lib/understudy/bin/node --version; node --version');
    assert.notEqual(version.stdout.split('\n')[0], version.stdout.split('\n')[1]);
  });

  it('asks nothing about settings that were changed, and loses nothing when the Active is upgraded', async (t) => {
    const { a, b } = machines;
    const pid = await a.mainPid();
    const { lost } = await machines.observe(
      t,
      b,
      async () => {
        const { stdout } = await a.run(['dpkg', '--install', PACKAGE]);
        assert.match(stdout, /upgraded, the agent runs again/);
      },
      () => machines.standsBy(a),
    );
    assert.equal(lost, 0);
    assert.notEqual(await a.mainPid(), pid);
    assert.equal(a.read(SETTINGS), settingsText('a'));
  });

  it('restarts a Backup, but not over settings that the new program does not take', async () => {
    const { a } = machines;
    const pid = await a.mainPid();
    a.write(SETTINGS, settingsText('a', { ofALaterRelease: 1 }));
    const { stdout, stderr } = await a.run(['dpkg', '--install', PACKAGE]);
    assert.match(stderr, /understudy\.yaml:\d+:\d+: ofALaterRelease.*\n +expected .*\n +found /);
    assert.match(stdout, /is not in order for this version.*goes on with the former program/);
    assert.equal(await a.mainPid(), pid);
    a.write(SETTINGS, settingsText('a'));
    await a.sh(`chown understudy: ${SETTINGS}`);
    await a.run(['dpkg', '--install', PACKAGE]);
    await machines.standsBy(a);
    assert.notEqual(await a.mainPid(), pid);
  });

  it('does not restart an Active whose peer cannot take over, and says so until it is restarted', async (t) => {
    const { a, b } = machines;
    await a.systemctl('stop', UNIT);
    const pid = await b.mainPid();
    const { stdout } = await b.run(['dpkg', '--install', PACKAGE]);
    assert.match(stdout, /nobody can take over.*the running agent goes on with the former program/);
    assert.equal(await b.mainPid(), pid);
    await machines.status(b, 'needs-restart among the reasons of health', ({ health }) =>
      health.reasons.some((reason) => reason.startsWith('needs-restart: ')),
    );
    assert.deepEqual(
      (await b.client().status()).virtualRouters.map(({ state }) => state),
      ['Active'],
    );
    await a.systemctl('start', UNIT);
    await machines.standsBy(a);
    const { lost } = await machines.observe(t, a, () => b.systemctl('restart', UNIT));
    assert.equal(lost, 0);
    const { health } = await machines.standsBy(b);
    assert.doesNotMatch(health.reasons.join('\n'), /needs-restart/);
  });

  it('downgraded, the Backup and then the Active: nothing is lost, state and settings stay; and upgraded again', async (t) => {
    const { a, b } = machines;
    const { version } = await machines.standsBy(b);
    const becomes = (box: Box, expected: string): Promise<Status> =>
      machines.status(box, `version ${expected}`, (status) => status.version === expected);
    await Promise.all([makeOlderPackage(a), makeOlderPackage(b)]);
    await b.run(['understudy', 'maintenance', 'on']);
    const { stderr } = await b.run(['dpkg', '--install', OLDER_PACKAGE]);
    // As dpkg has it in Debian 12, and from 13 on.
    assert.match(
      stderr,
      new RegExp(
        `downgrading understudy (from ${version}|\\(${version}\\)) to \\(?${OLDER_VERSION}`,
      ),
    );
    assert.equal((await becomes(b, OLDER_VERSION)).maintenance, true, 'as it was told before');
    assert.match((await b.run(['understudy', 'events'])).stdout, /maintenance/);
    await b.run(['understudy', 'maintenance', 'off']);
    // Each is Active once with the older program beside the newer one.
    for (const [from, to, file, expected] of [
      [a, b, OLDER_PACKAGE, OLDER_VERSION],
      [b, a, PACKAGE, version],
      [a, b, PACKAGE, version],
    ] as const) {
      await machines.readyToMove(from);
      const { lost } = await machines.observe(
        t,
        to,
        () => from.run(['dpkg', '--install', file]),
        () => machines.standsBy(from),
      );
      assert.equal(lost, 0);
      await becomes(from, expected);
      assert.equal(from.read(SETTINGS), settingsText(from.name));
    }
    const { lost } = await machines.observe(t, a, () => machines.handOver(b));
    assert.equal(lost, 0);
    await Promise.all([a.run(['rm', OLDER_PACKAGE]), b.run(['rm', OLDER_PACKAGE])]);
    await machines.readyToMove(a);
  });

  it('removed, hands over and leaves settings and no address; purged, leaves nothing', async (t) => {
    const { a, b } = machines;
    const { lost } = await machines.observe(t, b, () => a.run(['dpkg', '--remove', 'understudy']));
    assert.equal(lost, 0);
    assert.equal(a.read(SETTINGS), settingsText('a'));
    assert.ok(a.exists('/var/lib/understudy/state.json'));
    assert.doesNotMatch((await a.run(['ip', 'address'])).stdout, new RegExp(`${ADDRESS}/`));
    await b.run(['dpkg', '--remove', 'understudy']);
    assert.doesNotMatch((await b.run(['ip', 'address'])).stdout, new RegExp(`${ADDRESS}/`));
    await a.run(['dpkg', '--purge', 'understudy']);
    assert.deepEqual(await files(a), clean);
  });
});
