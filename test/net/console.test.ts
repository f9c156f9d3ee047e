// The page of the console in a real browser, over a real pair: what it shows, what it does, and what it says when there
// is nothing new. What its server refuses: test/console.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { formatSettingsError, type SettingsError } from '../../src/config/errors.js';
import { parseSettings } from '../../src/config/load.js';
import { createControlClient, type ControlClient } from '../../src/control/client.js';
import type { AgentProcess } from '../support/agent-process.js';
import { PairHouse } from '../agent/pair-house.js';
import { healthy } from '../cli/statuses.js';
import { Bench } from '../console/bench.js';
import { until } from '../support/limits.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { browserRefusal, findings, overflow, Screens } from './browser.js';
import { STATES } from './console-states.js';
import { Pages, save, signIn, tabTo } from './console-pages.js';

const skip = browserRefusal() ?? enterNamespace(import.meta.url);

const heading = (page: Page): Promise<string> =>
  page.getByRole('heading', { level: 1 }).innerText();

const picture = async (page: Page): Promise<string> =>
  (await page.locator('svg.pair').getAttribute('aria-label')) ?? '';

/** A role moves when it is ordered, and not when a browser that starts keeps an agent from the processor. */
const SLOW = { router: { advertisementIntervalMs: 1_000 }, checkMs: 1_000 } as const;

describe('the page over a real pair', { skip }, () => {
  const house = new PairHouse();
  let pages: Pages;
  let a: AgentProcess;
  let b: AgentProcess;
  const serve = (client: ControlClient): Promise<string> => pages.serve(client);
  const open = (url: string): Promise<Page> => pages.window(url);

  before(async () => {
    joinPeer();
    pages = await Pages.open();
    ({ a, b } = await house.startPair(SLOW));
  });
  after(async () => {
    await pages.close();
    await house.close();
  });
  afterEach(async () => {
    assert.deepEqual(await pages.closeWindows(), [], 'the browser complains of nothing');
  });

  it('a failover is ordered by the keyboard alone, and both pages show it as it happens', async () => {
    const here = await open(await serve(a.control));
    const there = await open(await serve(b.control));
    assert.match(await heading(here), /^a ◆ Active$/);
    assert.match(await heading(there), /^b ◇ Backup$/);
    assert.match(await picture(here), /^a is Active\. b is Backup, healthy$/);
    await here.getByText('✓ yes, from here to b').waitFor();
    await here.getByText('■ 192.0.2.100/24 stands').waitFor();
    await there.getByText('□ 192.0.2.100/24 is not here').waitFor();
    await tabTo(here, 'Failover…');
    await here.keyboard.press('Enter');
    await here.getByText('Hands over lan to b.').waitFor();
    await tabTo(here, 'Failover');
    await here.keyboard.press('Enter');
    await here.getByText('✓ Done: handed over: lan').waitFor();
    await here
      .getByText(/transition lan Active → Backup/)
      .first()
      .waitFor();
    await there.getByText('b ◆ Active').waitFor();
    await here.getByText('a ◇ Backup').waitFor();
    await until(
      'the picture',
      () => picture(here),
      (text) => text.startsWith('a is Backup. b is Active'),
    );
    await until(
      'the other picture',
      () => picture(there),
      (text) => text.startsWith('b is Active. a is Backup'),
    );
    await there.getByText('■ 192.0.2.100/24 stands').waitFor();
    await house.until('b');
    await there.getByRole('button', { name: 'Failover…' }).click();
    await there.getByRole('button', { name: 'Failover', exact: true }).click();
    await here.getByText('a ◆ Active').waitFor();
  });

  it('axe finds nothing, narrow or wide, light or dark, on any view', async () => {
    const page = await open(await serve(a.control));
    const port = page.getByLabel('HA Port');
    for (const [width, colorScheme] of [
      [360, 'dark'],
      [1600, 'light'],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await page.getByRole('link', { name: 'Status' }).click();
      await page.locator('svg.pair').waitFor();
      assert.deepEqual(await findings(page), [], `status, ${width}, ${colorScheme}`);
      assert.equal(await overflow(page), 0, `status, ${width}`);
      await page.getByRole('link', { name: 'High availability' }).click();
      await port.fill('0');
      await page.getByRole('button', { name: 'Save…' }).click();
      await page.getByText('✕ ha.port (out-of-range)').waitFor();
      assert.deepEqual(await findings(page), [], `settings, ${width}, ${colorScheme}`);
      assert.equal(await overflow(page), 0, `settings, ${width}`);
    }
  });

  it('every error stands at its field, in the words of check', async () => {
    const page = await open(await serve(a.control));
    await page.getByRole('link', { name: 'High availability' }).click();
    const file = a.home.settingsFile;
    const untouched = readFileSync(file, 'utf8');
    const wrong = JSON.parse(untouched) as Record<string, Record<string, unknown>>;
    const bad: Record<string, [section: string, key: string, typed: string, value: unknown]> = {
      'HA Port': ['ha', 'port', '70000', 70_000],
      'Peer Check Interval': ['ha', 'peerCheckIntervalMs', '5', 5],
      'Peer Failure Threshold': ['ha', 'peerFailureThreshold', '0', 0],
      'Peer Recovery Threshold': ['ha', 'peerRecoveryThreshold', 'many', 'many'],
      'Maximum Allowed Flaps': ['ha', 'maximumFlaps', '-1', -1],
      'Minimum Bandwidth': ['bandwidthMonitoring', 'minimumBps', '0', 0],
      'Link Monitoring Interval': ['linkMonitoring', 'intervalMs', '1', 1],
      'Minimum Active Links': ['linkMonitoring', 'minimumActive', '65', 65],
    };
    for (const [label, [section, key, typed, value]] of Object.entries(bad)) {
      wrong[section] = { ...wrong[section], [key]: value };
      await page.getByLabel(label, { exact: true }).fill(typed);
    }
    await page.getByRole('button', { name: 'Save…' }).click();
    await page.getByText('✕ Not saved: 8 errors').waitFor();
    const checked = parseSettings(JSON.stringify(wrong), file);
    assert.ok(!checked.ok);
    const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
    for (const [label, [section, key]] of Object.entries(bad)) {
      const error: SettingsError | undefined = checked.errors.find(
        ({ path }) => path === `${section}.${key}`,
      );
      assert.ok(error, label);
      // Without its place in the file: what is told of has not been written.
      const { line: _, column: __, ...told } = error;
      const words = formatSettingsError(told, '').replace(/^: /, '');
      const field = page.locator('.field', { has: page.getByLabel(label, { exact: true }) });
      assert.equal(
        plain(await field.locator('.error').innerText()).replace('✕ ', ''),
        plain(words),
      );
      assert.equal(await field.locator('input').getAttribute('aria-invalid'), 'true', label);
    }
    assert.equal(readFileSync(file, 'utf8'), untouched);
  });

  it('of two tabs the second one is shown what the first has saved, and overwrites nothing', async () => {
    const url = await serve(a.control);
    const first = await open(`${url}#settings`);
    const second = await open(`${url}#settings`);
    for (const [page, value] of [
      [first, '8'],
      [second, '9'],
    ] as const) {
      await page.getByLabel('Peer Recovery Threshold').fill(value);
    }
    const inForce = async (): Promise<unknown> => {
      const { settings } = await a.control.settings();
      return settings.find(({ setting }) => setting === 'peer-recovery-threshold')?.value;
    };
    await save(first);
    await second.getByText('The settings have changed meanwhile').waitFor();
    await second.getByText('peer-recovery-threshold: 5 → 8').waitFor();
    // The page says so at once; the agent refuses it all the same.
    await second.getByRole('button', { name: 'Save…' }).click();
    await second.getByText('✕ Not saved: 1 error').waitFor();
    assert.equal(await inForce(), 8);
    await second.getByRole('button', { name: 'Make my changes on top of these' }).click();
    await save(second);
    assert.equal(await inForce(), 9);
  });

  it('what was changed in the file by hand is read by an order', async () => {
    const page = await open(await serve(a.control));
    const text = readFileSync(a.home.settingsFile, 'utf8');
    const changed = JSON.parse(text) as { ha: object };
    a.home.configure({ ...changed, ha: { ...changed.ha, maximumFlaps: 7 } });
    await page.getByRole('button', { name: 'Read the file again…' }).click();
    await page.getByRole('button', { name: 'Read the file again', exact: true }).click();
    await page.getByText(/✓ Done: .*maximum/i).waitFor();
    // How many there have been is not this test's matter.
    await page.getByText(/\b\d+ of 7 in/).waitFor();
  });

  it('an agent that is gone is said to be gone, and is shown again when it is back', async () => {
    const page = await open(await serve(b.control));
    await b.end('SIGKILL');
    await page
      .getByRole('alert')
      .getByText(/The agent is gone: .*What is shown is \d+ s old/)
      .waitFor();
    await page.locator('.stale main').waitFor();
    const again = house.start('b', SLOW);
    await again.transition('Backup');
  });
});

describe('the page over a made-up agent', { skip }, () => {
  let screens: Screens;
  let bench: Bench;
  before(async () => {
    screens = await Screens.open();
  });
  after(() => screens.close());
  afterEach(() => bench.close());

  it('shows whether the witness is seen, whose its lease is, and what is left of it', async () => {
    bench = new Bench();
    const witness = {
      endpoints: ['http://10.0.0.9:2379'],
      ttlSeconds: 6,
      state: 'seen' as const,
      lease: 'ours' as const,
      remainingMs: 5_240,
    };
    await bench.startAgent({ status: () => ({ ...healthy, witness }) });
    await bench.startConsole({ now: Date.now });
    const { page, complaints } = await screens.window(`http://${bench.host}/`);
    await signIn(page);
    await page.getByText('✓ seen').waitFor();
    await page.getByText('ours, for another 5.2 of 6 s unless it is renewed').waitFor();
    assert.deepEqual(complaints, []);
  });

  it('draws every state so that axe finds nothing, and nothing is wider than the window', async () => {
    bench = new Bench();
    let status = healthy;
    await bench.startAgent({ status: () => status });
    await bench.startConsole({ now: Date.now });
    const { page, complaints } = await screens.window(`http://${bench.host}/`);
    await signIn(page);
    // Two ways to see it, one after the other: each state in one of them, so that both have all kinds.
    const ways = [
      { width: 360, colorScheme: 'dark' },
      { width: 1600, colorScheme: 'light' },
    ] as const;
    for (const [index, [name, state]] of Object.entries(STATES).entries()) {
      const { width, colorScheme } = ways[index % 2] ?? ways[0];
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      status = { ...state, name };
      // The console looks at once.
      bench.events.record({ time: state.startedAt, event: 'x', reason: 'x', detail: name });
      const head = page.getByRole('heading', { level: 1 });
      await head.filter({ hasText: new RegExp(`^${name} `) }).waitFor();
      assert.equal(await overflow(page), 0, `${name}, ${width}`);
      // Of the kinds that no other state has.
      if (!/dead|suspended|wrong|conflict|away|soft/.test(name)) continue;
      assert.deepEqual(await findings(page), [], `${name}, ${width}, ${colorScheme}`);
    }
    assert.deepEqual(complaints, []);
  });

  it('marks an address that is missing or must not stand, and what nobody has chosen', async () => {
    bench = new Bench();
    const { 'addresses-wrong': wrong, conflict, maintenance } = STATES;
    assert.ok(wrong && conflict && maintenance);
    let status = wrong;
    await bench.startAgent({ status: () => status });
    await bench.startConsole({ now: Date.now });
    const { page, complaints } = await screens.window(`http://${bench.host}/`);
    await signIn(page);
    await page.getByText('✕ □ 10.99.0.101/24 is missing').waitFor();
    await page.getByText('■ 10.99.0.102/24 stands, put there by somebody else').waitFor();
    status = conflict;
    await page.getByText('Nothing is taken until you decide').waitFor();
    status = {
      ...maintenance,
      virtualRouters: maintenance.virtualRouters.map((one) => ({
        ...one,
        addresses: [{ address: '10.99.0.100/24', present: true }],
      })),
    };
    await page.getByText('✕ ■ 10.99.0.100/24 stands, and must not').waitFor();
    await page.getByText('200, out of the election').waitFor();
    await page.getByRole('button', { name: 'Maintenance off…' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Maintenance on…' }).count(), 0);
    assert.deepEqual(complaints, []);
  });

  it('draws script in every name as text', async () => {
    const evil = '"><img src=x onerror="owned=1"><script>owned=1</script>';
    bench = new Bench();
    const status = {
      ...healthy,
      name: evil,
      health: { state: 'degraded' as const, reasons: [evil] },
      virtualRouters: healthy.virtualRouters.map((one) => ({ ...one, name: evil, because: evil })),
      monitors: [{ name: evil, state: evil, detail: evil }],
      peers: [
        { name: evil, state: evil, cause: evil, paths: [{ address: evil, state: evil, rttMs: 1 }] },
      ],
      witness: {
        endpoints: [evil],
        ttlSeconds: 6,
        state: 'away' as const,
        since: evil,
        detail: evil,
        lease: 'others' as const,
        holder: evil,
      },
      sync: {
        mode: 'offer' as const,
        generation: 1,
        author: evil,
        digest: evil,
        peers: [
          { name: evil, state: 'differs' as const, since: evil, detail: evil, differing: [evil] },
        ],
      },
    };
    await bench.startAgent({
      status: () => status,
      sync: (order) =>
        Promise.resolve(
          order.kind === 'view'
            ? {
                sync: status.sync,
                peers: [
                  {
                    name: evil,
                    differences: [{ setting: evil, mine: evil, theirs: evil, changed: 'here' }],
                  },
                ],
              }
            : {
                ok: false,
                code: evil,
                message: evil,
                remedy: evil,
                errors: [{ path: evil, code: 'syntax', expected: evil, found: evil, remedy: evil }],
              },
        ),
      change: () =>
        Promise.resolve({
          ok: true,
          applied: false,
          file: evil,
          changes: [{ setting: evil, from: evil, to: evil }],
          plan: [{ virtualRouter: evil, takeover: [evil], release: [evil] }],
          warnings: [{ path: evil, message: evil }],
        }),
      settings: () => ({
        file: evil,
        digest: '0',
        settings: [
          {
            setting: `checks[${evil}].url`,
            path: 'checks[0].url',
            value: evil,
            source: 'file',
            settable: false,
          },
          {
            setting: `virtualRouters[${evil}].addresses`,
            path: 'virtualRouters[0].addresses',
            value: evil,
            list: [evil],
            source: 'file',
            settable: false,
          },
        ],
      }),
    });
    await bench.startConsole({ now: Date.now });
    bench.events.record({
      time: new Date().toISOString(),
      event: evil,
      reason: evil,
      detail: evil,
    });
    const { page, complaints } = await screens.window(`http://${bench.host}/`);
    await signIn(page);
    await page.locator('.events').getByText(evil).first().waitFor();
    await page.getByRole('button', { name: 'What differs…' }).click();
    await page.getByRole('button', { name: `Pull from ${evil}…` }).click();
    await page.getByRole('button', { name: `Pull from ${evil}`, exact: true }).click();
    await page.getByText(`✕ Not done: ${evil}; ${evil}`).waitFor();
    await page.getByRole('link', { name: 'High availability' }).click();
    await page.getByLabel('URL').fill(evil.repeat(2));
    await page.getByLabel('address 1', { exact: true }).fill(evil.repeat(2));
    await page.getByRole('button', { name: 'Save…' }).click();
    await page.getByText(`Netlink script of ${evil}`).waitFor();
    await page.getByText(`! ${evil} ${evil}`).waitFor();
    assert.equal(await page.evaluate('window.owned'), undefined);
    assert.equal(await page.locator('img, #page script').count(), 0);
    assert.deepEqual(complaints, []);
  });

  it('goes grey and says how old it is when no news comes', async () => {
    bench = new Bench();
    await bench.startAgent();
    const client = createControlClient(bench.socketPath);
    let looks = 0;
    const status: ControlClient['status'] = () =>
      (looks += 1) > 1 ? new Promise(() => undefined) : client.status();
    await bench.startConsole({ now: Date.now, client: { ...client, status } });
    const { page, complaints } = await screens.window(`http://${bench.host}/`);
    await signIn(page);
    await page
      .getByRole('alert')
      .getByText(/No news from the agent\. What is shown is \d+ s old/)
      .waitFor();
    await page.locator('.stale main').waitFor();
    assert.deepEqual(await findings(page), []);
    assert.deepEqual(complaints, []);
  });

  it('says that the console is gone, and asks for the token again when it is back', async () => {
    bench = new Bench();
    await bench.startAgent();
    await bench.startConsole({ now: Date.now });
    const { page } = await screens.window(`http://${bench.host}/`);
    await signIn(page);
    const port = bench.port;
    await bench.stopConsole();
    await page.getByRole('alert').getByText('No connection to the console').waitFor();
    const listen = { kind: 'tcp', host: '127.0.0.1', port, loopback: true } as const;
    await bench.startConsole({ now: Date.now, listen });
    await page.getByLabel('Token').waitFor();
  });
});
