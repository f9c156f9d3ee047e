// `understudy doctor` as a command: exit codes, the screen, JSON, and what --fix writes. What is found and why is in
// test/doctor.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runDoctor, type DoctorMeans } from '../../src/cli/commands/doctor.js';
import type { DropIn } from '../../src/doctor/finding.js';
import type { Status } from '../../src/model/status.js';
import { writeDropIns } from '../../src/cli/doctor/drop-ins.js';
import { eyesOf, type Plant } from '../doctor/bench.js';
import { describe, it } from '../support/test.js';
import {
  bare,
  config,
  folder,
  pairText,
  say,
  settingsText,
  startAgent,
  useFolder,
} from './command-bench.js';
import { healthy } from './statuses.js';

useFolder();

interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function doctor(plant: Plant, choice: Parameters<typeof runDoctor>[2] = {}): Promise<Told> {
  let out = '';
  let err = '';
  const means: DoctorMeans = {
    eyes: eyesOf(plant),
    listen: () => Promise.resolve({ heard: [], notListened: null }),
  };
  const surroundings = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    isTerminal: false,
    environment: {},
  } as unknown as Parameters<typeof runDoctor>[0];
  const code = await runDoctor(surroundings, { path: config, explicit: true }, choice, means);
  return { code, out, err };
}

describe('doctor', () => {
  it('ends with 2 for a failure, which stands first with evidence and remedy', async () => {
    const { code, out } = await doctor({
      files: { '/proc/sys/net/ipv4/conf/all/arp_ignore': '8' },
    });
    assert.equal(code, 2);
    assert.match(
      out,
      /^failure {2}arp-ignore: arp_ignore is 8 for lo, by conf\.all[^\n]*\n {9}seen {4}\/proc\/sys\/net\/ipv4\/conf\/all\/arp_ignore: 8\n/,
    );
    assert.match(out, /remedy {2}sysctl -w net\/ipv4\/conf\/all\/arp_ignore=1/);
    assert.match(out, /1 failure, \d+ warnings?, \d+ in order\n$/);
  });

  it('ends with 1 for warnings alone: no agent answers', async () => {
    const { code, out } = await doctor({});
    assert.equal(code, 1);
    assert.match(out, /warning {2}agent: no agent answers/);
  });

  it('tells what health of a running agent says, as a warning or as a failure', async () => {
    const withHealth = (state: Status['health']['state']): Status => ({
      ...healthy,
      health: { state, reasons: ['the key differs; understudy key status'] },
    });
    const server = await startAgent({ status: () => withHealth('degraded') });
    assert.match(
      (await doctor({})).out,
      /warning {2}health: the key differs[^]*remedy {2}understudy key status/,
    );
    await server.close();
    await startAgent({ status: () => withHealth('fault') });
    const { code, out } = await doctor({});
    assert.equal(code, 2);
    assert.match(out, /failure {2}health: the key differs/);
  });

  it('tells what check finds on this host: a key that others may read, one that is none, no key', async () => {
    const key = join(folder, 'ha.key');
    writeFileSync(config, settingsText().replace(/^ha:\n/m, `${pairText()}\n`));
    const told = async (): Promise<string> => (await doctor({})).out;
    assert.match(await told(), /^warning {2}check: ha\.keyFile: /m);
    writeFileSync(key, `${'5a'.repeat(32)}\n`, { mode: 0o644 });
    chmodSync(key, 0o644);
    assert.match(await told(), /^failure {2}check: ha\.keyFile: [^]*?remedy {2}"chmod 0600 /m);
    writeFileSync(key, 'no key\n');
    chmodSync(key, 0o600);
    assert.match(await told(), /^failure {2}check: ha\.keyFile: [^\n]*found 3; write a new one/m);
    writeFileSync(key, `${'5a'.repeat(32)}\n`);
    assert.doesNotMatch(await told(), /ha\.keyFile/);
  });

  it('--json has every finding, the sound ones too', async () => {
    const { out } = await doctor({}, { json: true });
    const answer = JSON.parse(out) as { level: string; findings: { id: string; level: string }[] };
    assert.equal(answer.level, 'warning');
    for (const id of ['firewall', 'rp-filter', 'wire', 'disk']) {
      assert.ok(
        answer.findings.some((one) => one.id === id && one.level === 'ok'),
        id,
      );
    }
  });

  it('settings that cannot be used are told as check tells them', async () => {
    writeFileSync(config, 'virtualRouters: []\n');
    const { code, err } = await doctor({});
    assert.equal(code, 2);
    assert.match(err, /virtualRouters/);
  });

  it('is a command of its own', async () => {
    assert.match((await bare(['doctor', '--help'])).out, /--fix/);
    assert.equal((await say(['doctor', 'more'])).code, 2);
  });
});

describe('doctor --fix', () => {
  const dropIn = (text: string, name = 'x.d/90.conf'): DropIn => ({
    path: join(folder, name),
    text,
    apply: 'apply it',
  });
  const finding = (one: DropIn): Parameters<typeof writeDropIns>[0][number] => ({
    id: 'x',
    level: 'warning',
    message: '',
    evidence: [],
    remedy: [],
    dropIn: one,
  });

  it('writes new files, one for each path, with the lines of all that it mends', () => {
    const both = [finding(dropIn('# a\nx = 1\n')), finding(dropIn('# a\ny = 2\n'))];
    assert.deepEqual(writeDropIns(both), [
      { path: join(folder, 'x.d/90.conf'), apply: 'apply it' },
    ]);
    assert.equal(readFileSync(join(folder, 'x.d/90.conf'), 'utf8'), '# a\nx = 1\ny = 2\n');
  });

  it('leaves what stands, and says so; the same once more is no problem', () => {
    mkdirSync(join(folder, 'x.d'));
    writeFileSync(join(folder, 'x.d/90.conf'), 'mine\n');
    const [refused] = writeDropIns([finding(dropIn('x = 1\n'))]);
    assert.equal(refused?.problem, 'it stands already, with another content');
    assert.equal(readFileSync(join(folder, 'x.d/90.conf'), 'utf8'), 'mine\n');
    const [same] = writeDropIns([finding(dropIn('mine\n'))]);
    assert.equal(same?.apply, 'apply it');
  });

  it('says when it cannot write', () => {
    writeFileSync(join(folder, 'x.d'), '');
    assert.match(writeDropIns([finding(dropIn('x'))])[0]?.problem ?? '', /EEXIST|ENOTDIR/);
    assert.ok(!existsSync(join(folder, 'x.d/90.conf')));
  });
});
