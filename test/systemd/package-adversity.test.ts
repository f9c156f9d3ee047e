// The .deb where something comes between: it is killed, finds no space or a read-only disk; keepalived runs beside;
// the key is a credential. What happens when nothing does is package.test.ts's.
import assert from 'node:assert/strict';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { SHARED_KEY } from '../../scripts/lab/pair-program.js';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { boxRefusal, UNIT, type Box } from './box.js';
import { ADDRESS, Machines, SETTINGS, settingsText, setUp } from './machines.js';
import { installPackage, PACKAGE, packageRefusal } from './packages.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? packageRefusal();

const LIBRARY = '/usr/lib/understudy';

/** What dpkg starts while it unpacks: gives it half of the files, and then nothing for ever. */
const HALF_UNPACKED = `#!/bin/sh
case " $* " in *" --fsys-tarfile "*)
  /usr/bin/dpkg-deb "$@" | head -c 50000000
  echo >/run/hung/there
  exec sleep infinity ;;
esac
exec /usr/bin/dpkg-deb "$@"
`;

/** What postinst starts, long before it looks at the agent. */
const HALF_CONFIGURED = `#!/bin/sh
echo >/run/hung/there
exec sleep infinity
`;

/** Installs, and kills dpkg with all that it started when `program`, found before the real one, hangs. */
async function installKilled(box: Box, program: string, text: string): Promise<void> {
  await box.sh('rm -rf /run/hung; mkdir /run/hung; mkfifo /run/hung/there');
  box.write(`/run/hung/${program}`, text, 0o755);
  await box.sh(`PATH=/run/hung:$PATH setsid dpkg --install ${PACKAGE} >/run/hung/said 2>&1 &
    installation=$!
    read -r nothing </run/hung/there
    kill -KILL -$installation
    wait $installation || true`);
}

const stateOf = async (box: Box): Promise<string> =>
  (await box.run(['dpkg-query', '--show', '--showformat=${db:Status-Status}', 'understudy']))
    .stdout;

/**
 * Everything but /run and /var/lib on a disk that nobody can write to, as on an appliance whose image is one. The
 * journal goes on in /run. The mount, not the file system: an overlay takes no other options from util-linux 2.41 on.
 */
const READ_ONLY = `journalctl --relinquish-var
  cp -a /var/lib /run/var-lib; mount --bind /run/var-lib /var/lib
  mount -o remount,bind,ro /`;
const WRITABLE = `mount -o remount,bind,rw /; umount --lazy /var/lib; rm -rf /run/var-lib`;

describe('the package, when something comes between', { skip }, () => {
  let machines: Machines;
  const said = new Map<string, string>();
  before(async () => {
    machines = await Machines.start(async (box) => {
      if (box.name === 'b') {
        const unit = '[Service]\nExecStart=sleep infinity\n';
        box.write('/run/systemd/system/keepalived.service', unit);
        await box.systemctl('start', 'keepalived');
      }
      said.set(box.name, await installPackage(box));
      await setUp(box);
    });
  });
  after(async () => machines.close());
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${machines.words()}\n`);
  });

  it('where keepalived runs, says what to do before the agent is started, and where it does not run, nothing', () => {
    const [alone = '', beside = ''] = [said.get('a'), said.get('b')];
    assert.doesNotMatch(alone, /keepalived/);
    assert.match(beside, /keepalived runs on this host: start no understudy for what it serves/);
    for (const words of [alone, beside]) {
      assert.match(words, /then: understudy check && systemctl start understudy\n$/m);
    }
  });

  it('killed while it unpacks: the Active goes on, and the next installation mends it, losing nothing', async (t) => {
    const { a, b, lab } = machines;
    const pid = await a.mainPid();
    await installKilled(a, 'dpkg-deb', HALF_UNPACKED);
    assert.equal(await stateOf(a), 'half-installed');
    assert.ok(a.exists(`${LIBRARY}/bin/node.dpkg-new`), 'half of it is there');
    assert.equal(await a.mainPid(), pid);
    assert.deepEqual(lab.holding(ADDRESS), ['a']);
    await a.run(['understudy', 'check']);
    const { lost } = await machines.observe(
      t,
      b,
      () => installPackage(a),
      () => machines.standsBy(a),
    );
    assert.equal(lost, 0);
    assert.equal(await stateOf(a), 'installed');
    assert.equal((await a.run(['find', LIBRARY, '-name', '*.dpkg-*'])).stdout, '');
  });

  it('killed while it is configured: the Active goes on, and dpkg --configure -a mends it, losing nothing', async (t) => {
    const { a, b, lab } = machines;
    const pid = await b.mainPid();
    await installKilled(b, 'systemd-tmpfiles', HALF_CONFIGURED);
    assert.equal(await stateOf(b), 'half-configured');
    assert.equal(await b.mainPid(), pid);
    assert.deepEqual(lab.holding(ADDRESS), ['b']);
    const { lost } = await machines.observe(
      t,
      a,
      () => b.run(['dpkg', '--configure', '-a']),
      () => machines.standsBy(b),
    );
    assert.equal(lost, 0);
    assert.equal(await stateOf(b), 'installed');
    assert.notEqual(await b.mainPid(), pid);
  });

  it('without space for it: it fails and says so, and the old program still runs and starts', async () => {
    const { b } = machines;
    // Room for one and a half of it.
    await b.sh(`mkdir /run/kept; cp -a ${LIBRARY}/. /run/kept/
      size=$(du -sk ${LIBRARY} | cut -f 1)
      mount -t tmpfs -o size=$((size * 3 / 2))k tmpfs ${LIBRARY}; cp -a /run/kept/. ${LIBRARY}/; rm -rf /run/kept
      systemctl restart ${UNIT}`);
    await machines.standsBy(b);
    const pid = await b.mainPid();
    const { code, stderr } = await b.attempt(['dpkg', '--install', PACKAGE]);
    assert.notEqual(code, 0);
    assert.match(stderr, /No space left on device/);
    assert.equal(await b.mainPid(), pid);
    await b.sh(`understudy check && systemctl restart ${UNIT}`);
    await machines.standsBy(b);
    await b.sh(`umount --lazy ${LIBRARY} && systemctl restart ${UNIT}`);
    await installPackage(b);
    assert.equal(await stateOf(b), 'installed');
    await machines.standsBy(b);
  });

  it('with a full state directory, and with a read-only disk, the agent starts, stands by and says what it lacks', async () => {
    const { b } = machines;
    await b.sh(`systemctl stop ${UNIT}
      mount -t tmpfs -o size=16k,mode=750 tmpfs /var/lib/understudy; chown understudy: /var/lib/understudy
      dd if=/dev/zero of=/var/lib/understudy/full status=none 2>/dev/null || true
      systemctl start ${UNIT}`);
    await machines.standsBy(b);
    await machines.status(b, 'a reason that names the state', ({ health: { reasons } }) =>
      reasons.some((reason) => /ENOSPC/.test(reason)),
    );
    await b.sh(`systemctl stop ${UNIT}; umount --lazy /var/lib/understudy
      mkdir /run/disk; mount -t tmpfs -o mode=755 tmpfs /run/disk
      cp -a /etc/understudy /run/disk/settings; mount --bind /run/disk/settings /etc/understudy
      cp -a /var/lib/understudy /run/disk/state; mount --bind /run/disk/state /var/lib/understudy
      mount -o remount,ro /run/disk
      systemctl start ${UNIT}`);
    await machines.standsBy(b);
    await machines.status(b, 'a reason that names the state', ({ health: { reasons } }) =>
      reasons.some((reason) => /EROFS/.test(reason)),
    );
    const { code, stderr } = await b.attempt(['understudy', 'set', 'primary', 'on']);
    assert.equal(code, 1);
    assert.match(stderr, /cannot be written \(EROFS\)/);
    await b.sh(`umount --lazy /etc/understudy /var/lib/understudy; umount --lazy /run/disk
      systemctl restart ${UNIT}`);
    await machines.standsBy(b);
    await machines.status(b, 'no reason', ({ health: { reasons } }) => reasons.length === 0);
  });

  it('on a root file system that is read-only: starts, takes over, hands over; set and an upgrade are refused, and say why', async (t) => {
    const { a, b } = machines;
    await b.sh(`systemctl stop ${UNIT}; ${READ_ONLY}; systemctl start ${UNIT}`);
    const { health } = await machines.standsBy(b);
    assert.deepEqual(health.reasons, []);
    const move = (from: Box): Promise<unknown> => machines.handOver(from);
    const there = await machines.observe(
      t,
      b,
      () => move(a),
      () => machines.standsBy(a),
    );
    assert.equal(there.lost, 0);
    const refused = await b.attempt(['understudy', 'set', 'primary', 'on']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /cannot be written \(EROFS\)/);
    const pid = await b.mainPid();
    const { code, stderr } = await b.attempt(['dpkg', '--install', PACKAGE]);
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /\/usr\/lib expected writable, found a read-only file system; nothing was changed\n +remedy /,
    );
    assert.equal(await stateOf(b), 'installed', stderr);
    assert.equal(await b.mainPid(), pid);
    assert.deepEqual(machines.lab.holding(ADDRESS), ['b']);
    const back = await machines.observe(
      t,
      a,
      () => b.systemctl('restart', UNIT),
      () => machines.standsBy(b),
    );
    assert.equal(back.lost, 0);
    await b.sh(`systemctl stop ${UNIT}; ${WRITABLE}; systemctl start ${UNIT}`);
    await machines.standsBy(b);
    await installPackage(b);
    await machines.standsBy(b);
  });

  it('the key may be a credential of the unit, which the agent reads and cannot write', async (t) => {
    const { a, b } = machines;
    await b.sh('rm /etc/understudy/ha.key; mkdir -p /etc/systemd/system/understudy.service.d');
    b.write('/etc/understudy-ha.key', `${SHARED_KEY}\n`, 0o600);
    b.write(
      '/etc/systemd/system/understudy.service.d/key.conf',
      '[Service]\nLoadCredential=ha.key:/etc/understudy-ha.key\n',
    );
    const { ha } = JSON.parse(settingsText('b')) as { ha: object };
    b.write(SETTINGS, settingsText('b', { ha: { ...ha, keyFile: 'credential:ha.key' } }));
    await b.sh(`systemctl daemon-reload; systemctl restart ${UNIT}`);
    const { health } = await machines.standsBy(b);
    assert.deepEqual(health.reasons, []);
    await machines.standsBy(b);
    const { stderr } = await b.run(['understudy', 'check']);
    assert.match(
      stderr,
      /warning: ha\.keyFile: credential:ha\.key: only the unit sees its credentials/,
    );
    const rotated = await b.attempt(['understudy', 'key', 'rotate']);
    assert.equal(rotated.code, 2);
    assert.match(rotated.stderr, /found a credential, which systemd gives to the unit/);
    const writes = `nsenter --mount --target=${await b.mainPid()} setpriv --reuid=understudy --regid=understudy --clear-groups`;
    const key = `/run/credentials/${UNIT}/ha.key`;
    assert.match((await b.sh(`${writes} cat ${key}`)).stdout, new RegExp(SHARED_KEY));
    await b.sh(`! ${writes} sh -c 'echo 0 >${key}' 2>/dev/null`);
    const { lost } = await machines.observe(t, b, () => machines.handOver(a));
    assert.equal(lost, 0);
  });
});
