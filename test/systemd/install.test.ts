// scripts/install: what it puts where, what it takes away again, when it refuses; and what systemd
// itself says of the units.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { WAIT_LIMIT_MS } from '../support/limits.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { Box, boxRefusal, SOURCE, UNIT } from './box.js';
import { install, SETTINGS } from './machines.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? false;

const INSTALL = `${SOURCE}/scripts/install`;
const CONNECTIONS = 'understudy-connections.service';
const CONSOLE = 'understudy-console.service';
const UNITS = [UNIT, CONNECTIONS, CONSOLE, 'understudy-hooks.socket', 'understudy-hooks@.service'];
/** In tenths, as `systemd-analyze security --threshold` takes it. */
const EXPOSURE_LIMIT = '25';

/** The form of settings of a release that knew one more. */
const FORMER_FORM = `(function (exports, require) {
  const { complaintsOf } = require('./present-form.cjs');
  exports.complaintsOf = (value) => {
    delete value.former;
    return complaintsOf(value);
  };
})
`;

describe('installation', { skip }, () => {
  let lab: Lab;
  let box: Box;
  before(async () => {
    lab = await createLab({ patienceMs: WAIT_LIMIT_MS });
    box = await Box.boot(lab, 'a');
  });
  after(async () => {
    await box.halt();
    await lab.close();
  });
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${box.words()}\n`);
  });

  /** Every file that is there, with what tells two of them apart; not what runs and logs. */
  const files = async (): Promise<string[]> => {
    const { stdout } =
      await box.sh(`find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /tmp \
      -o -path ${SOURCE} -o -path /var/log -o -path /var/cache -o -path /run/systemd -o -path /run/log \\) -prune \
      -o -printf '%p %M %U %l\\n' | sort; cat /etc/passwd /etc/group`);
    // A file that is just being replaced.
    return stdout.split('\n').filter((line) => !/\.tmp /.test(line));
  };

  const refusals: [string, readonly string[], number, RegExp][] = [
    ['an unknown option', [INSTALL, '--force'], 2, /an option expected, found: --force\nusage: /],
    ['--purge alone', [INSTALL, '--purge'], 2, /--purge goes with --remove/],
    [
      'another user than root',
      ['setpriv', '--reuid=1', '--regid=1', '--clear-groups', INSTALL],
      1,
      /root expected, found user daemon: run it with sudo/,
    ],
    [
      'no systemd',
      ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs none /run/systemd && exec ${INSTALL}`],
      1,
      /systemd expected.*`understudy run` under your own supervisor/,
    ],
    [
      'an unbuilt checkout',
      [
        'sh',
        '-c',
        `mkdir -p /tmp/bare/scripts && cp ${INSTALL} /tmp/bare/scripts/ && /tmp/bare/scripts/install`,
      ],
      1,
      /\/tmp\/bare\/bundle\/src\/main\.js expected, found none: run scripts\/prepare first/,
    ],
    [
      'no node where systemd looks',
      ['unshare', '--mount', 'sh', '-c', `mount --bind /dev/null /usr/bin/node && exec ${INSTALL}`],
      1,
      /node expected in \/usr\/local\/bin or \/usr\/bin, where systemd finds it/,
    ],
    [
      'an old node before the right one',
      [
        'unshare',
        '--mount',
        'sh',
        '-c',
        `mount -t tmpfs none /usr/local/bin && printf '#!/bin/sh\\n[ "$1" != --version ] || echo v18.0.0\\nexit 1\\n' \
          >/usr/local/bin/node && chmod +x /usr/local/bin/node && exec ${INSTALL}`,
      ],
      1,
      /Node\.js 20\.19 or later expected, found .* at \/usr\/local\/bin\/node: upgrade it/,
    ],
  ];
  it('refuses, says why, and touches nothing', async () => {
    const clean = await files();
    for (const [what, argv, expected, complaint] of refusals) {
      const { code, stderr } = await box.attempt(argv);
      assert.equal(code, expected, `${what}: ${stderr}`);
      assert.match(stderr, complaint, what);
    }
    assert.deepEqual(await files(), clean);
  });

  it('installs, with example settings that hold nothing, and does not start the agent', async () => {
    const { stderr } = await box.run([INSTALL]);
    assert.match(stderr, /edit \/etc\/understudy\/understudy\.yaml, then: understudy check/);
    assert.equal((await box.attempt(['systemctl', 'is-active', UNIT])).stdout.trim(), 'inactive');
    assert.equal((await box.run(['systemctl', 'is-enabled', UNIT])).stdout.trim(), 'enabled');
    assert.equal(
      (await box.run(['systemctl', 'is-active', 'understudy-hooks.socket'])).stdout.trim(),
      'active',
    );
    const connections = await box.attempt(['systemctl', 'is-enabled', CONNECTIONS]);
    assert.equal(connections.stdout.trim(), 'disabled');
    const { stdout } = await box.run(['understudy', 'check']);
    assert.match(stdout, /^ok: a, off/);
    const packages = await box.sh('cd /usr/lib/understudy/node_modules; echo *');
    assert.equal(packages.stdout.trim(), 'raw-socket', 'all others are in the bundle');
    for (const page of ['man8/understudy.8', 'man5/understudy.yaml.5', 'man7/understudy-hooks.7']) {
      assert.ok(box.exists(`/usr/share/man/${page}.gz`), page);
    }
    for (const place of [
      'bash-completion/completions/understudy',
      'zsh/vendor-completions/_understudy',
      'fish/vendor_completions.d/understudy.fish',
    ]) {
      assert.match(box.read(`/usr/share/${place}`), / complete -- /, place);
    }
    await box.run(['/usr/lib/understudy/checks/mount', '/proc']);
    await box.systemctl('start', UNIT);
    assert.match((await box.run(['understudy'])).stdout, /HA mode is off/);
    await box.systemctl('stop', UNIT);
  });

  it('verify: systemd finds nothing to say about the units', async () => {
    const paths = UNITS.map((unit) => `/usr/lib/systemd/system/${unit}`);
    const { stdout, stderr } = await box.run(['systemd-analyze', 'verify', '--man=no', ...paths]);
    assert.equal(stdout + stderr, '');
  });

  it('security: the exposure is within its limit', async (t) => {
    const words = ['security', '--no-pager', '--offline=true', `--threshold=${EXPOSURE_LIMIT}`];
    for (const unit of [UNIT, CONNECTIONS, CONSOLE]) {
      const path = `/usr/lib/systemd/system/${unit}`;
      const { code, stdout } = await box.attempt(['systemd-analyze', ...words, path]);
      t.diagnostic(stdout.trim().split('\n').at(-1) ?? '');
      assert.equal(code, 0, unit);
    }
  });

  it('release and keygen by hand, as root: what they leave belongs to the agent', async () => {
    await install(box);
    await box.run(['understudy', 'release']);
    await box.run(['understudy', 'keygen', '--force']);
    await box.systemctl('start', UNIT);
    assert.equal(await box.property('ActiveState'), 'active');
    const { stdout } = await box.sh(
      `stat -c "%U %a %n" /var/lib/understudy/state.json /run/understudy/agent.lock \
        /etc/understudy/ha.key`,
    );
    assert.match(
      stdout,
      /^understudy 640 .*state\.json\nunderstudy 600 .*agent\.lock\nunderstudy 600 .*ha\.key$/m,
    );
    const { health } = await box.client().status();
    assert.doesNotMatch(JSON.stringify(health), /state\.json/);
    await box.systemctl('stop', UNIT);
    await box.run(['understudy', 'release']);
    await box.systemctl('start', UNIT);
    await box.systemctl('stop', UNIT);
  });

  it('installs again over what is there, from its own folder too, and keeps the settings', async () => {
    const settings = box.read(SETTINGS);
    await box.systemctl('start', UNIT);
    const pid = await box.mainPid();
    await box.run(['/usr/lib/understudy/scripts/install', '--no-restart']);
    assert.equal(await box.mainPid(), pid);
    await box.run(['/usr/lib/understudy/scripts/install']);
    assert.notEqual(await box.mainPid(), pid);
    assert.equal(await box.property('ActiveState'), 'active');
    assert.equal(box.read(SETTINGS), settings);
  });

  it('refuses to replace the program over settings that the new one does not take', async () => {
    const settings = box.read(SETTINGS);
    const program = '/usr/lib/understudy/dist/program';
    await box.sh(`mv ${program}/settings-form.cjs ${program}/present-form.cjs`);
    box.write(`${program}/settings-form.cjs`, FORMER_FORM);
    box.write(SETTINGS, settings.replace('{', '{ "former": true,'));
    await box.run(['understudy', 'check']);
    await box.systemctl('restart', UNIT);
    const pid = await box.mainPid();
    const untouched = await files();
    const refused = async (): Promise<string> => {
      const { code, stderr } = await box.attempt([INSTALL]);
      assert.equal(code, 1, stderr);
      assert.match(
        stderr,
        /understudy\.yaml is not in order for this version.*nothing was changed/,
      );
      assert.deepEqual(await files(), untouched);
      assert.equal(await box.mainPid(), pid, 'the agent goes on with what it has');
      return stderr;
    };
    assert.match(
      await refused(),
      /understudy\.yaml:1:3: former \(unknown-setting\)\n +expected .*\n +found .*\n +remedy .*/,
    );
    box.write(SETTINGS, 'virtualRouters: [\n');
    assert.match(await refused(), /understudy\.yaml:\d+:\d+: \(syntax\)\n +expected .*\n +found /);
    box.write(SETTINGS, settings);
    await box.run([INSTALL]);
    assert.notEqual(await box.mainPid(), pid);
  });

  it('removes: the agent is stopped, settings and state stay', async () => {
    await box.run(['/usr/lib/understudy/scripts/install', '--remove']);
    const left = (await files()).filter((line) => line.includes('understudy'));
    const places = /^\/(etc\/understudy(-hooks)?|var\/lib\/understudy)\b|^understudy:/;
    assert.deepEqual(
      left.filter((line) => !places.test(line)),
      [],
    );
    assert.ok(box.exists(SETTINGS) && box.exists('/var/lib/understudy/state.json'));
    assert.notEqual((await box.attempt(['systemctl', 'cat', UNIT])).code, 0);
    assert.deepEqual(box.processes(), []);
  });

  it('install and purge leave nothing', async () => {
    await box.run([INSTALL, '--remove', '--purge']);
    const clean = await files();
    assert.deepEqual(
      clean.filter((line) => line.includes('understudy')),
      [],
    );
    await install(box);
    // As `systemctl edit` leaves them.
    for (const unit of UNITS) {
      await box.sh(`mkdir -p /etc/systemd/system/${unit}.d`);
      box.write(`/etc/systemd/system/${unit}.d/override.conf`, '[Unit]\n');
    }
    await box.systemctl('start', UNIT);
    await box.run([INSTALL, '--remove', '--purge']);
    assert.deepEqual(await files(), clean);
    await box.run([INSTALL, '--remove', '--purge']);
    assert.deepEqual(await files(), clean, 'taking away what is not there is no failure');
  });
});
