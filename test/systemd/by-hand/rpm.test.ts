// The .rpm, with dnf, rpm and a database of theirs: installed, upgraded while it is Active, removed. The root is
// Debian's; a package made here stands for what a system of the other family brings. What is the same in both packages
// is package.test.ts's.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { ROOT } from '../../../scripts/lab/program.js';
import { enterSandbox } from '../../../scripts/lab/sandbox.js';
import { after, afterEach, before, describe, it } from '../../support/test.js';
import { boxRefusal, SOURCE, UNIT, type Box } from '../box.js';
import { ADDRESS, Machines, SETTINGS, settingsText, setUp } from '../machines.js';

const FOLDER = `${ROOT}package`;
const ARCHITECTURE = process.arch === 'x64' ? 'x86_64' : 'aarch64';
const name = existsSync(FOLDER)
  ? readdirSync(FOLDER).find((one) => one.endsWith(`.${ARCHITECTURE}.rpm`))
  : undefined;
const PACKAGE = `${SOURCE}/package/${name ?? ''}`;

const missing = name === undefined && 'no package is there: run scripts/package rpm';
const skip = boxRefusal() ?? (await enterSandbox()) ?? missing;

/** What understudy requires, with the versions of the oldest system of the family that has them all. */
const REQUIRED = [
  'glibc >= 2.31',
  'libstdc++',
  'libgcc',
  'iproute',
  'systemd >= 247',
  'shadow-utils',
  'util-linux',
  'findutils',
];
const SYSTEM = `Name: system
Version: 9
Release: 1
Summary: What a system of the family brings
License: none
BuildArch: noarch
Provides: glibc = 2.34, libstdc++, libgcc, libatomic, iproute, systemd = 252, shadow-utils, util-linux, findutils
Provides: /bin/sh
%description
Stands for a whole system.
%files
`;

const dnf = async (box: Box, ...words: string[]): Promise<string> => {
  const options = ['--assumeyes', '--disablerepo=*', '--setopt=install_weak_deps=False'];
  const { stdout, stderr } = await box.run(['dnf', ...options, ...words]);
  return stdout + stderr;
};

/** Two files of the package, as they lie there. */
async function putSystem(box: Box): Promise<void> {
  box.write('/run/system.spec', SYSTEM);
  await box.sh(`rpmbuild --quiet -bb --define '_topdir /run/rpm' --define '_rpmdir /run' /run/system.spec
    rpm --install /run/noarch/system-9-1.noarch.rpm`);
}

describe('the .rpm', { skip }, () => {
  let machines: Machines;
  const said = new Map<string, string>();
  before(async () => {
    machines = await Machines.start(async (box) => {
      const alone = await box.attempt(['rpm', '--install', PACKAGE]);
      said.set('without a system', alone.code === 0 ? 'installed' : alone.stderr);
      await putSystem(box);
      said.set('installed', await dnf(box, 'install', PACKAGE));
      assert.equal((await box.run(['systemctl', 'is-enabled', UNIT])).stdout.trim(), 'enabled');
      assert.equal((await box.attempt(['systemctl', 'is-active', UNIT])).stdout.trim(), 'inactive');
      await setUp(box);
    });
  });
  after(async () => machines.close());
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${machines.words()}\n`);
  });

  it('needs what a system of its family has, and is refused without it', async () => {
    const { a } = machines;
    const { stdout } = await a.run(['rpm', '--query', '--requires', 'understudy']);
    const required = stdout.split('\n');
    for (const one of REQUIRED) assert.ok(required.includes(one), `${one} expected: ${stdout}`);
    const refused = said.get('without a system') ?? '';
    for (const one of REQUIRED) assert.ok(refused.includes(`${one} is needed by`), refused);
  });

  it('installed by dnf: enabled, not started, its last words are the next command; whole', async () => {
    const { a } = machines;
    assert.match(
      said.get('installed') ?? '',
      /edit \/etc\/understudy\/understudy\.yaml, then: understudy check && systemctl start understudy$/m,
    );
    // Digests, modes and owners; the program that was compiled ahead is not among them.
    assert.equal((await a.run(['rpm', '--verify', 'understudy'])).stdout, '');
    assert.equal(
      (await a.sh(`readlink /proc/${await a.mainPid()}/exe`)).stdout.trim(),
      '/usr/lib/understudy/bin/node',
    );
  });

  it('upgraded while it is Active, hands over first and loses nothing', async (t) => {
    const { a, b } = machines;
    const pid = await a.mainPid();
    const { lost } = await machines.observe(
      t,
      b,
      async () =>
        assert.match(await dnf(a, 'reinstall', PACKAGE), /upgraded, the agent runs again/),
      () => machines.standsBy(a),
    );
    assert.equal(lost, 0);
    assert.notEqual(await a.mainPid(), pid);
    assert.equal(a.read(SETTINGS), settingsText('a'));
  });

  it('does not restart an Active whose peer cannot take over, and says so', async () => {
    const { a, b } = machines;
    await a.systemctl('stop', UNIT);
    const pid = await b.mainPid();
    const words = await dnf(b, 'reinstall', PACKAGE);
    assert.match(words, /nobody can take over.*the running agent goes on with the former program/);
    assert.equal(await b.mainPid(), pid);
    assert.deepEqual(machines.lab.holding(ADDRESS), ['b']);
    await a.systemctl('start', UNIT);
    await machines.standsBy(a);
  });

  it('removed, hands over and leaves settings, state and no address', async (t) => {
    const { a, b } = machines;
    const { lost } = await machines.observe(t, a, () => dnf(b, 'remove', 'understudy'));
    assert.equal(lost, 0);
    assert.equal(b.read(SETTINGS), settingsText('b'));
    assert.ok(b.exists('/var/lib/understudy/state.json'));
    assert.ok(!b.exists('/usr/lib/understudy'), 'the program is gone');
    assert.doesNotMatch((await b.run(['ip', 'address'])).stdout, new RegExp(`${ADDRESS}/`));
    const units = await b.attempt(['systemctl', 'list-unit-files', 'understudy*']);
    assert.match(units.stdout, /^0 unit files listed/m);
  });
});
