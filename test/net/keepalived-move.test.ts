// A live pair moves over from keepalived, as docs/IMPORT.md says, step by step and under probes: by the program that
// imports, and with the real keepalived. In CI only: it waits for advertisements most of the time.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { now } from '../../scripts/lab/clock.js';
import { run } from '../../scripts/lab/command.js';
import type { Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { PATHS, SHARED_KEY } from '../../scripts/lab/pair-program.js';
import { keepalived, MAIN, understudy, type Program } from '../../scripts/lab/program.js';
import { mappedUser, enterSandbox } from '../../scripts/lab/sandbox.js';
import type { Prober } from '../../scripts/lab/prober.js';
import { atLeast, until, WAIT_LIMIT_MS } from '../support/limits.js';
import { it, type TestContext } from '../support/test.js';
import { EVERYTHING } from './pace.js';
import { PROBED, withLab } from './pair.js';

const skip = EVERYTHING ? ((await enterSandbox()) ?? false) : 'played in CI';

const ADDRESS = PROBED.ipv4;
const PRIORITIES = { a: 150, b: 100 } as const;
/** More than two advertisements: what is to go wrong after a step has the time to. */
const SETTLING_MS = 2_500;

/** As most such files are: version 2, a password, one instance. */
const configuration = (name: ApplianceName, priority: number, version: 2 | 3): string => `
global_defs {
  router_id ${name}
  ${version === 3 ? 'vrrp_version 3' : ''}
}
vrrp_instance lan {
  state ${name === 'a' ? 'MASTER' : 'BACKUP'}
  interface eth0
  virtual_router_id 51
  priority ${priority}
  advert_int 1
  ${version === 3 ? '' : 'authentication {\n    auth_type PASS\n    auth_pass secret12\n  }'}
  virtual_ipaddress {
    ${ADDRESS}/24
  }
}
`;

/** What `understudy import` makes of the file, with the folders of the lab. */
async function imported(lab: Lab, name: ApplianceName): Promise<Program> {
  const { directory } = lab.appliance(name);
  const [from, to] = [`${directory}/imported.conf`, `${directory}/imported.yaml`];
  writeFileSync(from, configuration(name, PRIORITIES[name], 2));
  const other = name === 'a' ? 'b' : 'a';
  const words = ['--output', to, '--name', name, '--peer', `${other}=${PATHS[other].join()}`];
  const primary = name === 'a' ? ['--primary'] : [];
  await run([process.execPath, MAIN, 'import', from, ...words, ...primary]);
  const settings = parse(readFileSync(to, 'utf8')) as { ha: object };
  return understudy(
    (folder) => ({ ...settings, ha: { ...settings.ha, keyFile: `${folder}/ha.key` } }),
    [{ name: 'ha.key', content: `${SHARED_KEY}\n`, mode: 0o600 }],
  );
}

class Move {
  readonly #t: TestContext;
  readonly #lab: Lab;
  readonly #prober: Prober;

  constructor(t: TestContext, lab: Lab, prober: Prober) {
    this.#t = t;
    this.#lab = lab;
    this.#prober = prober;
  }

  /** One step of the page, under probes; in the end `holder` alone has the address. */
  async step(what: string, holder: ApplianceName, act: () => Promise<unknown>): Promise<number> {
    const window = await this.#prober.open();
    const from = now();
    await act();
    await this.#lab.waitForHolders(ADDRESS, [holder], WAIT_LIMIT_MS);
    await atLeast(SETTLING_MS);
    const report = (await window.close())[ADDRESS];
    assert.ok(report !== undefined, `${ADDRESS} is probed`);
    const { bothHeldMs, nobodyHeldMs } = this.#lab.heldTimes(ADDRESS, from, now());
    this.#t.diagnostic(
      `${what}: ${report.lost} of ${report.sent} lost, both held it ${bothHeldMs.toFixed(1)} ms, ` +
        `nobody ${nobodyHeldMs.toFixed(1)} ms, held by ${holder} now`,
    );
    assert.deepEqual(await this.#lab.holders(ADDRESS), [holder]);
    return from;
  }

  /** A step at which nothing moves. */
  async still(what: string, holder: ApplianceName, act: () => Promise<unknown>): Promise<void> {
    const from = await this.step(what, holder, act);
    assert.deepEqual(this.#lab.changes(ADDRESS, from), [], `${what}: the address stays`);
  }

  /** A step at which the role moves: the heir has the address before the other one lets go. */
  async seamless(what: string, holder: ApplianceName, act: () => Promise<unknown>): Promise<void> {
    const from = await this.step(what, holder, act);
    assert.deepEqual(
      this.#lab
        .changes(ADDRESS, from)
        .map(({ appliance, present }) => `${appliance} ${present ? 'has' : 'lost'} it`),
      [`${holder} has it`, `${holder === 'a' ? 'b' : 'a'} lost it`],
      what,
    );
  }
}

it('a live pair moves over from keepalived, with one Active at each step', { skip }, (t) =>
  withLab(t, async (lab) => {
    const [a, b] = [lab.appliance('a'), lab.appliance('b')];
    const ours = { a: await imported(lab, 'a'), b: await imported(lab, 'b') };
    const theirs = (name: ApplianceName, priority: number, version: 2 | 3): Program =>
      keepalived(configuration(name, priority, version));
    const realtime = { realtime: !mappedUser() };
    a.start(theirs('a', PRIORITIES.a, 2), realtime);
    await lab.waitForHolders(ADDRESS, ['a'], WAIT_LIMIT_MS);
    b.start(theirs('b', PRIORITIES.b, 2), realtime);
    const standsBy = (): boolean => b.logged(/Entering BACKUP STATE/).length > 0;
    await lab.waitFor('keepalived on b is Backup', standsBy, { deadlineMs: WAIT_LIMIT_MS });
    const prober = await lab.probe({
      targets: [{ family: 'ipv4', address: ADDRESS }],
      ...realtime,
    });
    const move = new Move(t, lab, prober);

    await move.still('keepalived on b is stopped', 'a', () => b.stop());
    await move.still('keepalived on a speaks version 3', 'a', () =>
      Promise.resolve(a.reload(theirs('a', PRIORITIES.a, 3))),
    );
    await move.still('understudy on b is started', 'a', async () => {
      b.start(ours.b);
      await until(
        'understudy on b, Backup, with a as the Active',
        () => b.status()?.virtualRouters[0],
        (seen) => seen?.state === 'Backup' && seen.activeAddress === '10.99.0.1',
      );
    });
    await move.seamless('keepalived on a has priority 1', 'b', () =>
      Promise.resolve(a.reload(theirs('a', 1, 3))),
    );
    await move.still('keepalived on a is stopped', 'b', () => a.stop());
    await move.seamless('understudy on a is started', 'a', () => Promise.resolve(a.start(ours.a)));
  }),
);
