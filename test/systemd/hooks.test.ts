// Hooks that root runs for the agent: that they run as root, with what docs/HOOKS.md promises, and that
// nobody else than root decides what runs.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import type { Completed } from '../../scripts/lab/command.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { Box, boxRefusal, UNIT } from './box.js';
import { install, SETTINGS, settingsText } from './machines.js';
import { WAIT_LIMIT_MS, until } from '../support/limits.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? false;

const HOOK = '/usr/lib/understudy/hooks/privileged';
const PROGRAMS = '/etc/understudy-hooks';
/** WatchdogSec of the unit. */
const WATCHDOG_SECONDS = 2;

describe('hooks that root runs', { skip }, () => {
  let lab: Lab;
  let box: Box;
  before(async () => {
    lab = await createLab({ patienceMs: WAIT_LIMIT_MS });
    box = await Box.boot(lab, 'a');
    await install(box);
  });
  after(async () => {
    await box.halt();
    await lab.close();
  });
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${box.words()}\n`);
  });

  /** Calls the hook as the agent's user does. */
  const call = (
    words: readonly string[],
    input = '',
    variables: string[] = [],
  ): Promise<Completed> =>
    box.attempt(
      [
        'setpriv',
        '--reuid=understudy',
        '--regid=understudy',
        '--clear-groups',
        'env',
        ...variables,
        HOOK,
        ...words,
      ],
      input,
    );
  const relay = (state: string): Promise<unknown> =>
    until(
      `the relay to be ${state}`,
      async () => (await box.client().status()).bypass?.actual,
      (actual) => actual === state,
      () => box.stirred(100),
    );
  const program = (name: string, ...lines: string[]): void =>
    box.write(`${PROGRAMS}/${name}`, `#!/bin/sh\n${lines.join('\n')}\n`, 0o755);

  it('arguments, environment and stdin go in; stdout, stderr and exit code come out', async () => {
    program(
      'bypass',
      'id -u',
      'printf "<%s>" "$@"; echo',
      'env | grep ^UNDERSTUDY_ | sort',
      'cat',
      'echo "for the log" >&2',
      'exit 4',
    );
    const result = await call(['set', 'bypass', 'eth 2'], '{"event":"x"}\n', [
      'UNDERSTUDY_NAME=a',
      'UNDERSTUDY_REASON=flaps',
      'UNDERSTUDY_EVENT_ID=7',
      'UNDERSTUDY_FLAPS=4',
      'UNDERSTUDY_DEADLINE_MS=5000',
    ]);
    assert.deepEqual(result, {
      code: 4,
      stdout: [
        '0',
        '<set><bypass><eth 2>',
        `UNDERSTUDY_BYPASS_CONF=${PROGRAMS}/bypass.conf`,
        'UNDERSTUDY_DEADLINE_MS=5000',
        'UNDERSTUDY_EVENT_ID=7',
        'UNDERSTUDY_FLAPS=4',
        'UNDERSTUDY_NAME=a',
        'UNDERSTUDY_REASON=flaps',
        '{"event":"x"}',
        '',
      ].join('\n'),
      stderr: 'for the log\n',
    });
  });

  it('other variables do not pass: hooks take paths and commands from theirs', async () => {
    program('bypass', 'echo "${UNDERSTUDY_BPCTL-none} ${LD_PRELOAD-none} $UNDERSTUDY_BYPASS_CONF"');
    const { stdout } = await call(['status', 'x'], '', [
      'UNDERSTUDY_BPCTL=/tmp/evil',
      'UNDERSTUDY_BYPASS_CONF=/tmp/evil.conf',
      'LD_PRELOAD=',
    ]);
    assert.equal(stdout, `none none ${PROGRAMS}/bypass.conf\n`);
  });

  it("the transition hook is another program; a link to one of the package's hooks will do", async () => {
    program('transition', 'echo "transition $2"');
    assert.equal((await call(['INSTANCE', 'lan', 'MASTER', '200'])).stdout, 'transition lan\n');
    await box.sh(`ln -sf /usr/lib/understudy/hooks/null ${PROGRAMS}/bypass`);
    assert.equal((await call(['status', 'x'])).stdout.trim(), '{"state":"inline"}');
  });

  it('the monitor hook is a third one, and learns what has failed', async () => {
    program('monitor', 'echo "$*"', 'env | grep -E "^UNDERSTUDY_(FAILED|OK|UNKNOWN)=" | sort');
    const { code, stdout } = await call(['MONITOR', 'web-1', 'failed'], '{}\n', [
      'UNDERSTUDY_FAILED=web-1',
      'UNDERSTUDY_OK=',
      'UNDERSTUDY_UNKNOWN=slow',
    ]);
    assert.equal(code, 0);
    assert.deepEqual(stdout.split('\n'), [
      'MONITOR web-1 failed',
      'UNDERSTUDY_FAILED=web-1',
      'UNDERSTUDY_OK=',
      'UNDERSTUDY_UNKNOWN=slow',
      '',
    ]);
  });

  const untrusted: [string, string, RegExp][] = [
    ['there is none', `rm -f ${PROGRAMS}/bypass`, /a program expected at .*bypass, found none/],
    [
      'it belongs to the agent',
      `cp /bin/true ${PROGRAMS}/bypass; chown understudy ${PROGRAMS}/bypass`,
      /bypass: expected to be root's.*found owner \d+/,
    ],
    [
      'others may write it',
      `cp /bin/true ${PROGRAMS}/bypass; chmod 0775 ${PROGRAMS}/bypass`,
      /bypass: expected to be root's.*mode 775/,
    ],
    [
      'it is a link to where the agent may write',
      `cp /bin/true /etc/understudy/true; ln -sf /etc/understudy/true ${PROGRAMS}/bypass`,
      /\/etc\/understudy: expected to be root's/,
    ],
    [
      'it cannot be executed',
      `echo >${PROGRAMS}/bypass`,
      /an executable file expected at .*bypass/,
    ],
    [
      'its folder is writable for others',
      `cp /bin/true ${PROGRAMS}/bypass; chmod 0777 ${PROGRAMS}`,
      /understudy-hooks: expected to be root's.*mode 777/,
    ],
  ];
  for (const [what, setup, complaint] of untrusted) {
    it(`is refused when ${what}`, async () => {
      await box.sh(`chmod 0755 ${PROGRAMS}; rm -f ${PROGRAMS}/bypass; ${setup}`);
      const { code, stdout, stderr } = await call(['status', 'x']);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, complaint);
      await box.sh(`chmod 0755 ${PROGRAMS}; rm -f ${PROGRAMS}/bypass`);
    });
  }

  it('nobody but the agent may ask', async () => {
    program('bypass', 'echo asked');
    const stranger = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const { code, stdout, stderr } = await box.attempt([...stranger, HOOK, 'status', 'x']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /EACCES.*run as the user understudy/);
  });

  it('garbage on the socket is answered, and runs nothing', async () => {
    program('bypass', 'touch /run/ran');
    const script = `const s = require("node:net").connect("/run/understudy-hooks.sock");
      s.end(Buffer.from([0, 0, 0, 2, 0x7b, 0x7d])); s.on("data", (d) => process.stdout.write(d.subarray(4)))`;
    const { stdout } = await box.run(['node', '-e', script]);
    const answer = JSON.parse(stdout) as { code: number; stderr: string };
    assert.equal(answer.code, 1);
    assert.match(Buffer.from(answer.stderr, 'base64').toString(), /a call expected/);
    assert.equal(box.exists('/run/ran'), false);
  });

  it('when the caller is killed, so is the whole group of the program', async () => {
    program(
      'bypass',
      'sleep 1000 & echo $$ >/run/hook.pid',
      'mkfifo /run/never; read x </run/never',
    );
    await box.sh(`rm -f /run/hook.pid
      setsid setpriv --reuid=understudy --regid=understudy --clear-groups ${HOOK} status x &
      caller=$!
      until [ -s /run/hook.pid ]; do kill -0 $caller; sleep 0.05; done
      kill -KILL -$caller
      wait $caller && exit 1
      program=$(cat /run/hook.pid)
      while kill -0 -$program 2>/dev/null; do sleep 0.05; done`);
    await box.systemctl('stop', 'understudy-hooks@*.service');
  });

  it('in the service: a transition and the state of the relay come through root', async () => {
    program('transition', 'echo "$(id -u) $*" >>/run/transitions');
    await box.sh(`rm -f ${PROGRAMS}/bypass; ln -s /usr/lib/understudy/hooks/fake /etc/understudy-hooks/bypass
      mkdir -p /etc/systemd/system/understudy-hooks@.service.d
      printf '[Service]\\nEnvironment=UNDERSTUDY_FAKE_BYPASS=/var/lib/relay\\n' \
        >/etc/systemd/system/understudy-hooks@.service.d/relay.conf
      systemctl daemon-reload`);
    box.write(
      SETTINGS,
      settingsText('a', {
        ha: { mode: 'active-passive', primary: true },
        bypass: { hook: HOOK, segments: ['pair-1'], onStop: 'keep' },
        hooks: { transition: HOOK },
      }),
    );
    await box.systemctl('start', UNIT);
    await lab.waitForHolders('10.99.0.100', ['a'], WAIT_LIMIT_MS);
    await box.run(['understudy', 'bypass', 'engage']);
    await relay('bypass');
    assert.match(box.read('/var/lib/relay/pair-1.state'), /^bypass/);
    const { stdout } = await box.run(['stat', '-c', '%U', '/var/lib/relay/pair-1.state']);
    assert.equal(stdout.trim(), 'root');
    await box.run(['understudy', 'bypass', 'release']);
    await box.systemctl('stop', UNIT);
    const told = box.read('/run/transitions');
    assert.match(told, /^0 INSTANCE lan MASTER 200$/m);
  });

  it('a stop waits for them longer than the watchdog waits for the agent', async () => {
    const settings = { bypass: { hook: HOOK, segments: ['pair-1'], onStop: 'bypass' } };
    box.write(SETTINGS, settingsText('a', settings));
    // A sign of life that comes after systemd has begun to stop the unit has it wait for the next.
    await box.sh(`unit=/etc/systemd/system/${UNIT}.d/later.conf
      mkdir -p \${unit%/*}
      stop=$(systemctl cat ${UNIT} | sed -n "s/^ExecStop=sh -c '//p")
      printf '[Service]\\nExecStop=\\nExecStop=sh -c '\\''sleep 1; %s\\n' "$stop" >$unit
      systemctl daemon-reload
      rm -f /var/lib/relay/*`);
    await box.systemctl('start', UNIT);
    await relay('inline');
    // The relay answers once when it is told to, which is after the watchdog's time and before the hook's own limit.
    await box.sh('mkfifo /var/lib/relay/gate; echo 1 >/var/lib/relay/set.slow');
    const stopped = box.systemctl('stop', UNIT);
    await until(
      'the relay to be switched',
      () => Promise.resolve(box.read('/var/lib/relay/calls')),
      (calls) => /^set bypass pair-1 .*reason=stop/m.test(calls),
      () => box.stirred(100),
    );
    await box.sh(`sleep ${WATCHDOG_SECONDS + 1}
      timeout 5 sh -c 'echo now >/var/lib/relay/gate' || true`);
    await stopped;
    assert.equal(await box.property('Result'), 'success');
    assert.match(box.read('/var/lib/relay/pair-1.state'), /^bypass/);
  });
});
