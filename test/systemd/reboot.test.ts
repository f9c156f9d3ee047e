// A shutdown and the next boot of a machine on which everything is enabled: in which order services stop, what
// still works meanwhile, and that all is in place again afterwards without a hand. What the units do while the
// machine runs is in the other files.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { run } from '../../scripts/lab/command.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import type { Status } from '../../src/model/status.js';
import { boxRefusal, UNIT, type Box } from './box.js';
import { ADDRESS, Machines, SETTINGS, settingsText } from './machines.js';

const skip = boxRefusal() ?? (await enterSandbox()) ?? false;

const CONNECTIONS = 'understudy-connections.service';
const SOCKET = 'understudy-hooks.socket';
const TABLE = 'table ip understudy_connections';
const PRIVILEGED = '/usr/lib/understudy/hooks/privileged';
/** A probe may be on its way at the very moment at which a neighbour entry changes hands. */
const SEAMLESS = 1;

/** What serves, as far as systemd is concerned: it notes which addresses stand here when it is stopped. */
const SERVER = `[Service]
ExecStart=sleep infinity
ExecStop=sh -c 'ip -oneline address show >/var/lib/at-its-stop'
[Install]
WantedBy=multi-user.target
`;

describe('a reboot', { skip }, () => {
  let machines: Machines;
  before(async () => {
    machines = await Machines.start();
    await Promise.all([prepare(machines.a), prepare(machines.b)]);
    await machines.standsBy(machines.b);
  });
  after(() => machines.close());
  afterEach((t) => {
    if (!('passed' in t) || t.passed !== true) process.stdout.write(`${machines.words()}\n`);
  });

  /** Everything enabled, hooks by root, `bypass` on a stop. */
  async function prepare(box: Box): Promise<void> {
    box.write('/etc/systemd/system/nginx.service', SERVER);
    // Debian's own begins so, too.
    await box.sh('grep -q "^flush ruleset" /etc/nftables.conf');
    const told = '#!/bin/sh\necho "$*" >>/var/lib/told\n';
    box.write('/etc/understudy-hooks/transition', told, 0o755);
    await box.sh(`ln -s /usr/lib/understudy/hooks/fake /etc/understudy-hooks/bypass
      mkdir -p /etc/systemd/system/understudy-hooks@.service.d
      printf '[Service]\\nEnvironment=UNDERSTUDY_FAKE_BYPASS=/var/lib/relay\\n' \\
        >/etc/systemd/system/understudy-hooks@.service.d/relay.conf
      systemctl daemon-reload`);
    const bypass = { hook: PRIVILEGED, segments: ['line-1'], onStop: 'bypass' };
    box.write(SETTINGS, settingsText(box.name, { bypass, hooks: { transition: PRIVILEGED } }));
    await box.systemctl('enable', '--now', 'nginx.service', 'nftables.service', CONNECTIONS);
    await box.systemctl('reload', UNIT);
  }

  const rules = async (box: Box): Promise<string> =>
    (await box.run(['nft', 'list', 'ruleset'])).stdout;

  it('powered off, the Active hands over first and leaves nothing behind', async (t) => {
    const { lab, a, b } = machines;
    const inline = ({ bypass }: { bypass?: { actual: string } | null }): boolean =>
      bypass?.actual === 'inline';
    await machines.status(a, 'a relay in line', (status) => inline(status));
    const report = await machines.observe(t, b, () => a.powerOff());
    assert.ok(report.lost <= SEAMLESS, `${report.lost} lost`);
    const there = async (...argv: string[]): Promise<string> =>
      (await run(lab.network.inside('a', argv))).stdout;
    assert.doesNotMatch(await there('ip', '-4', 'address'), /10\.99\.0\.100/);
    assert.equal(await there('ip', 'route', 'show', 'table', 'local', 'proto', '112'), '');
    assert.doesNotMatch(await there('nft', 'list', 'ruleset'), /understudy/);
  });

  it('booted, everything is in place and nothing has failed', async () => {
    const a = await machines.bootAgain('a');
    await machines.standsBy(a);
    // A peer is healthy before each of its paths is.
    const isWell = ({ health }: Status): boolean => health.reasons.length === 0;
    await machines.status(a, 'no reason of health', isWell);
    const failed = ['list-units', '--failed', '--plain', '--no-legend', '--no-pager'];
    assert.equal((await a.systemctl(...failed)).stdout, '');
    for (const unit of [UNIT, CONNECTIONS, SOCKET, 'nftables.service', 'nginx.service']) {
      assert.equal(await a.property('ActiveState', unit), 'active', unit);
    }
    const set = await rules(a);
    assert.match(set, /table inet filter/);
    assert.ok(set.includes(TABLE), 'set after the firewall has flushed all rules');
    const { stdout } = await a.sh('ip route show table local proto 112');
    assert.match(stdout, /^local 10\.99\.0\.100 dev lo/);
  });

  it('what serves was stopped when the address had gone', () => {
    const { a } = machines;
    const addresses = a.read('/var/lib/at-its-stop');
    assert.match(addresses, /10\.99\.0\.1\//);
    assert.ok(!addresses.includes(ADDRESS), addresses);
  });

  it('hooks that root runs were called while the machine shut down, and after its boot', () => {
    const { a } = machines;
    assert.match(a.read('/var/lib/relay/calls'), /^set bypass line-1 .*reason=stop/m);
    const told = a.read('/var/lib/told');
    assert.match(told, /^INSTANCE lan STOP \d+$/m);
    assert.match(told.slice(told.indexOf('STOP')), /^INSTANCE lan BACKUP \d+$/m);
  });
});
