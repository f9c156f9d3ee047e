// The unit under a real systemd: start, handover, reload, stop, and every way in which the agent can
// end or hang. No installation, no hooks: those have their own files.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { ENGINE_OPTIONS } from '../../src/engine/options.js';
import { boxRefusal, SOURCE, UNIT, type Box } from './box.js';
import { ADDRESS, Machines, SETTINGS, settingsText } from './machines.js';
import { messageId } from '../../src/journal/journald.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? false;

/** CAP_NET_ADMIN is number 12, CAP_NET_RAW number 13 (linux/capability.h). */
const NETWORK_CAPABILITIES = '0000000000003000';
/** A probe may be on its way at the very moment at which a neighbour entry changes hands. */
const SEAMLESS = 1;

/** Raising a hard limit takes CAP_SYS_RESOURCE, number 24, which a container may lack. */
const mayRaiseLimits = (): boolean => {
  const [, capabilities = '0'] =
    /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return ((BigInt(`0x${capabilities}`) >> 24n) & 1n) === 1n;
};

describe('the unit', { skip }, () => {
  let machines: Machines;
  before(async () => {
    machines = await Machines.start();
  });
  after(() => machines.close());
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${machines.words()}\n`);
  });

  /** Who holds the address, and who stands by. */
  const roles = (): { readonly active: Box; readonly standby: Box } => {
    const { lab, a, b } = machines;
    return lab.holding(ADDRESS).join() === 'a'
      ? { active: a, standby: b }
      : { active: b, standby: a };
  };

  const field = async (box: Box, pid: number, name: string): Promise<string> => {
    const { stdout } = await box.sh(`grep ^${name}: /proc/${pid}/status`);
    return stdout.replace(/^\w+:\s*/, '').trim();
  };

  it('starts: ready, as its own user, with two capabilities and no way to more', async (t) => {
    const { a } = machines;
    assert.equal(await a.property('ActiveState'), 'active');
    const user = (await a.run(['id', '-u', 'understudy'])).stdout.trim();
    const { stdout } = await a.sh(
      `for pid in $(cat /sys/fs/cgroup/system.slice/${UNIT}/cgroup.procs); do echo $pid; done`,
    );
    const pids = stdout.trim().split('\n').map(Number);
    assert.ok(pids.includes(await a.mainPid()));
    assert.ok(pids.length >= 2, 'the agent and its executor');
    for (const pid of pids) {
      assert.match(await field(a, pid, 'Uid'), new RegExp(`^${user}\\b`));
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
        assert.equal(await field(a, pid, set), NETWORK_CAPABILITIES, `${set} of ${pid}`);
      }
      assert.equal(await field(a, pid, 'NoNewPrivs'), '1');
      assert.equal(await field(a, pid, 'Seccomp'), '2');
    }
    const owners = (await a.sh('stat -c %U /run/understudy/* /var/lib/understudy/*')).stdout;
    assert.deepEqual([...new Set(owners.trim().split('\n'))], ['understudy']);
    // What is not given is added by a second start, in the same process.
    const [, ...given] = a.read(`/proc/${await a.mainPid()}/cmdline`).split('\0');
    assert.deepEqual(given.slice(0, -3), ENGINE_OPTIONS);
    const times = ['ExecMainStartTimestampMonotonic', 'ActiveEnterTimestampMonotonic'];
    const [began = 0, ready = 0] = await Promise.all(
      times.map(async (name) => Number(await a.property(name))),
    );
    t.diagnostic(`ready after ${((ready - began) / 1000).toFixed(0)} ms`);
  });

  it('has its events as entries of journald: by kind, by virtual router, by priority', async () => {
    const { a } = machines;
    const asked = async (...matches: string[]): Promise<Record<string, unknown>[]> => {
      const { stdout } = await a.run(['journalctl', '--quiet', '--output=json', ...matches]);
      const lines = stdout.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    const ofRouter = ['UNDERSTUDY_EVENT=transition', 'UNDERSTUDY_VIRTUAL_ROUTER=lan'];
    const transitions = await until(
      'the transition to Active in the journal',
      () => asked(...ofRouter),
      (seen) => seen.length >= 2,
    );
    const kinds = new Set(transitions.map(({ MESSAGE_ID }) => MESSAGE_ID));
    assert.deepEqual([...kinds], [messageId('transition')]);
    assert.deepEqual(await asked(`MESSAGE_ID=${messageId('transition')}`), transitions);
    assert.ok(transitions.every(({ _SYSTEMD_UNIT }) => _SYSTEMD_UNIT === UNIT));
    // A start is good news; of what is told as a warning or worse nothing else comes.
    assert.ok(transitions.some(({ PRIORITY }) => PRIORITY === '6'));
    const urgent = await asked('--priority=warning', '--unit', UNIT);
    assert.ok(urgent.every(({ PRIORITY }) => Number(PRIORITY) <= 4));
  });

  it('grants what real time needs, and only within bounds', async (t) => {
    const { a } = machines;
    const granted = ['LimitRTPRIO', 'LimitRTTIME', 'LimitNICE', 'LimitMEMLOCK', 'LimitCORE'];
    assert.deepEqual(await Promise.all(granted.map((name) => a.property(name))), [
      '50',
      '10000000',
      '30',
      'infinity',
      '0',
    ]);
    const { stdout } = await a.sh(`cat /proc/${await a.mainPid()}/limits`);
    assert.match(stdout, /Max realtime timeout +10000000 /);
    if (mayRaiseLimits()) {
      assert.match(stdout, /Max realtime priority +50 /);
      assert.match(stdout, /Max locked memory +unlimited/);
      const { realtime } = await a.client().status();
      assert.deepEqual([realtime?.scheduling, realtime?.missing], ['fifo', []]);
    } else t.diagnostic('this machine may not raise limits: not seen in force');
    // The same sandbox round another program. What the filter refuses has an error of its own, 55,
    // as swapon shows; of the two that are wanted, it refuses none.
    const calls = { x64: [144, 151, 167], arm64: [119, 230, 224] } as const;
    const [scheduler, lock, swap] = calls[process.arch as keyof typeof calls];
    const refused = mayRaiseLimits() ? '$error' : '$error == 55';
    const script = `my $priority = pack("i", 50); my $file = "/none";
      sub error { $_[0]->() == 0 ? 0 : $! + 0 }
      exit 2 if error(sub { syscall(${swap}, $file, 0) }) != 55;
      for my $call (sub { syscall(${scheduler}, 0, 0x40000001, $priority) }, sub { syscall(${lock}, 1) }) {
        my $error = error($call); exit 1 if ${refused}; }`;
    a.write('/run/probe.pl', script);
    await a.sh(`sed -e 's|^Type=.*|Type=oneshot|' -e '/^Exec/d' -e '/^Restart/d' -e '/^Watchdog/d' \
      -e '/Directory=/d' -e 's|^SystemCallErrorNumber=.*|SystemCallErrorNumber=ENOANO|' \
      -e '/^User=/i ExecStart=perl /run/probe.pl' \
      /usr/lib/systemd/system/${UNIT} >/run/systemd/system/understudy-probe.service
      systemctl daemon-reload; systemctl start understudy-probe.service`);
    assert.equal(await a.property('Result', 'understudy-probe.service'), 'success');
  });

  it('failover: the role moves without loss and the unit goes on', async (t) => {
    const { active, standby } = roles();
    const pid = await active.mainPid();
    const report = await machines.observe(
      t,
      standby,
      () => machines.handOver(active),
      () => machines.standsBy(active),
    );
    assert.ok(report.lost <= SEAMLESS, `${report.lost} lost`);
    assert.equal(await active.mainPid(), pid);
  });

  it('reload: what differs is applied, the role does not move', async () => {
    const { active } = roles();
    const pid = await active.mainPid();
    const since = (await active.client().status()).virtualRouters[0]?.since;
    active.write(
      SETTINGS,
      settingsText(active.name, { gatewayMonitoring: { addresses: ['10.99.0.254'] } }),
    );
    const from = active.mark;
    await active.systemctl('reload', UNIT);
    assert.match(await active.line(/settings-applied/, from), /10\.99\.0\.254/);
    await active.line(/Reloaded understudy\.service/, from);
    const status = await active.client().status();
    assert.equal(status.virtualRouters[0]?.since, since);
    assert.equal(await active.mainPid(), pid);
  });

  it('reload of an invalid file: a failed one, whose journal has the errors, and over', async () => {
    const { active } = roles();
    active.write(SETTINGS, '{ "virtualRouters": [] }');
    const from = active.mark;
    assert.notEqual((await active.attempt(['systemctl', 'reload', UNIT])).code, 0);
    await active.line(/reload-refused/, from);
    await active.line(/understudy\.yaml:1:\d+: virtualRouters/, from);
    await active.line(/Reload failed for understudy\.service/, from);
    assert.deepEqual(
      [await active.property('ActiveState'), await active.property('SubState')],
      ['active', 'running'],
    );
    assert.ok((await active.client().status()).health.reasons.length > 0);
    active.write(SETTINGS, settingsText(active.name));
    const mended = active.mark;
    await active.systemctl('reload', UNIT);
    await active.line(/settings-applied/, mended);
  });

  it('set: the agent may write its settings file', async () => {
    const { standby } = roles();
    await standby.run(['understudy', 'set', 'peer-check-interval', '120']);
    assert.match(standby.read(SETTINGS), /"peerCheckIntervalMs": ?120/);
    const { stdout } = await standby.run(['stat', '-c', '%U', SETTINGS]);
    assert.equal(stdout.trim(), 'understudy');
  });

  it('stop: nothing is lost, nothing is left; start: it stands by', async (t) => {
    const { active, standby } = roles();
    const report = await machines.observe(t, standby, () => active.systemctl('stop', UNIT));
    assert.ok(report.lost <= SEAMLESS, `${report.lost} lost`);
    assert.deepEqual(
      [await active.property('ActiveState'), await active.property('Result')],
      ['inactive', 'success'],
    );
    assert.deepEqual(active.processes(), []);
    assert.equal(active.exists('/run/understudy'), false);
    await active.systemctl('start', UNIT);
    await machines.standsBy(active);
    assert.equal((await active.client().status()).flaps.count, 0, 'a stop is no flap');
  });

  /** Until systemd has started another agent, and that stands by. */
  const comesBack = async (box: Box, pid: number): Promise<void> => {
    await machines.status(box, 'another agent', () => true);
    await machines.standsBy(box);
    assert.notEqual(await box.mainPid(), pid);
  };

  it('SIGTERM from somebody else: the role is handed over, and the agent started again', async (t) => {
    const { active, standby } = roles();
    const pid = await active.mainPid();
    const from = active.mark;
    const report = await machines.observe(
      t,
      standby,
      () => active.signal('TERM', pid),
      async () => {
        await active.line(/Started understudy\.service/, from);
        await comesBack(active, pid);
      },
    );
    assert.ok(report.lost <= SEAMLESS, `${report.lost} lost`);
    assert.equal((await active.client().status()).flaps.count, 0, 'nothing has crashed');
  });

  it('the main process is killed: the executor does the will, a new agent stands by', async (t) => {
    const { active, standby } = roles();
    const pid = await active.mainPid();
    const flaps = (await active.client().status()).flaps.count;
    const from = active.mark;
    const report = await machines.observe(
      t,
      standby,
      () => active.signal('KILL', pid),
      async () => {
        await active.line(/Started understudy\.service/, from);
        await comesBack(active, pid);
      },
    );
    assert.ok(report.lost <= SEAMLESS, `${report.lost} lost`);
    assert.deepEqual(machines.lab.holding(ADDRESS), [standby.name]);
    assert.equal((await active.client().status()).flaps.count, flaps + 1, 'a crash is a flap');
  });

  it('all processes are killed at once: release says farewell, a new agent stands by', async (t) => {
    const { active, standby } = roles();
    const pid = await active.mainPid();
    const flaps = (await active.client().status()).flaps.count;
    const from = active.mark;
    const report = await machines.observe(
      t,
      standby,
      async () => active.control('cgroup.kill', '1'),
      async () => {
        await active.line(/Started understudy\.service/, from);
        await comesBack(active, pid);
      },
    );
    assert.ok(report.lost === 0 || report.goodAgainAt !== null, 'answers again');
    assert.deepEqual(machines.lab.holding(ADDRESS), [standby.name]);
    assert.equal((await active.client().status()).flaps.count, flaps + 1, 'a crash is a flap');
  });

  it('the Backup hangs: the watchdog ends it and the role stays', async () => {
    const { active, standby } = roles();
    const pid = await standby.mainPid();
    const { since } = (await active.client().status()).virtualRouters[0] ?? {};
    const from = standby.mark;
    await standby.signal('STOP', pid);
    await standby.line(/Watchdog timeout/, from);
    await standby.line(/Started understudy\.service/, from);
    await comesBack(standby, pid);
    assert.equal((await active.client().status()).virtualRouters[0]?.since, since);
  });

  it('the Active hangs: it is ended and the address is on one side only', async (t) => {
    const { active, standby } = roles();
    const pid = await active.mainPid();
    const from = active.mark;
    const report = await machines.observe(
      t,
      standby,
      () => active.signal('STOP', pid),
      async () => {
        await active.line(/Started understudy\.service/, from);
        await comesBack(active, pid);
      },
    );
    assert.ok(report.lost === 0 || report.goodAgainAt !== null, 'answers again');
    assert.deepEqual(machines.lab.holding(ADDRESS), [standby.name]);
  });

  it('the whole control group is frozen and thawed: the address is on one side only', async (t) => {
    const { active, standby } = roles();
    const { lab } = machines;
    const pid = await active.mainPid();
    const from = active.mark;
    await machines.observe(
      t,
      standby,
      async () => {
        active.control('cgroup.freeze', '1');
        await lab.waitFor(
          `${ADDRESS} on ${standby.name}`,
          () => lab.holding(ADDRESS).includes(standby.name),
          { deadlineMs: WAIT_LIMIT_MS },
        );
        await active.line(/Watchdog timeout/, from);
        active.control('cgroup.freeze', '0');
      },
      async () => {
        await active.line(/Started understudy\.service/, from);
        await comesBack(active, pid);
      },
    );
    assert.deepEqual(lab.holding(ADDRESS), [standby.name]);
  });

  it('the whole control group stays frozen: the kernel takes the address off, systemd ends the rest', async (t) => {
    const { active, standby } = roles();
    const { lab } = machines;
    const pid = await active.mainPid();
    const from = active.mark;
    const killed = /Main process exited, code=killed, status=9/;
    await machines.observe(
      t,
      standby,
      async () => {
        active.control('cgroup.freeze', '1');
        await lab.waitForHolders(ADDRESS, [standby.name], WAIT_LIMIT_MS);
        const said = active.journal.lines.slice(from);
        assert.ok(!said.some(({ text }) => killed.test(text)), 'nobody has helped');
        await active.line(killed, from);
        // systemd runs ExecStopPost in the same control group.
        active.control('cgroup.freeze', '0');
      },
      async () => {
        await active.line(/Started understudy\.service/, from);
        await comesBack(active, pid);
      },
    );
    assert.deepEqual(lab.holding(ADDRESS), [standby.name]);
  });

  it('the whole machine hangs, systemd too: the kernel takes the address off', async (t) => {
    const { active, standby } = roles();
    const { lab } = machines;
    await machines.observe(
      t,
      standby,
      async () => {
        active.freeze(true);
        await lab.waitForHolders(ADDRESS, [standby.name], WAIT_LIMIT_MS);
        active.freeze(false);
      },
      () => machines.standsBy(active),
    );
    assert.deepEqual(lab.holding(ADDRESS), [standby.name]);
  });

  it('upgrade in place: installed again, the role moves without loss', async (t) => {
    const { active, standby } = roles();
    const pid = await active.mainPid();
    active.write('/usr/lib/understudy/of-the-old-version', '');
    const report = await machines.observe(
      t,
      standby,
      () => active.run([`${SOURCE}/scripts/install`]),
      () => comesBack(active, pid),
    );
    assert.ok(report.lost <= SEAMLESS, `${report.lost} lost`);
    assert.equal(active.exists('/usr/lib/understudy/of-the-old-version'), false);
    assert.match(active.read(SETTINGS), /active-passive/, 'the settings stay');
  });

  it('invalid settings at the start: failed, and not tried again', async () => {
    const { standby } = roles();
    await standby.systemctl('stop', UNIT);
    standby.write(SETTINGS, '{ "virtualRouters": [] }');
    const { code } = await standby.attempt(['systemctl', 'start', UNIT]);
    assert.notEqual(code, 0);
    assert.deepEqual(
      [await standby.property('ActiveState'), await standby.property('ExecMainStatus')],
      ['failed', '2'],
    );
    standby.write(SETTINGS, settingsText(standby.name));
    await standby.systemctl('start', UNIT);
    await machines.standsBy(standby);
  });
});
