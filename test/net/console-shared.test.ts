// The page over two agents that share settings, in a real browser: Save on one, seen on the other; rows that are added and
// removed; a failover that is watched. And the console as a program of its own, with TLS. What else the page shows:
// console.test.ts and console-settings.test.ts. What sync does: test/sync-service.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Page } from 'playwright-core';
import { ControlRefusal } from '../../src/control/client-errors.js';
import { AgentHome, AgentProcess, MAIN } from '../support/agent-process.js';
import { reread } from '../support/reread.js';
import { until, within } from '../support/limits.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { SELF_SIGNED } from '../monitors/self-signed.js';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { browserRefusal, findings } from './browser.js';
import { ELEVEN, enter, Pages, preview, save, saveNow } from './console-pages.js';

const skip = browserRefusal() ?? enterNamespace(import.meta.url);

type Name = 'a' | 'b';
const OWN = { a: '192.0.2.1', b: '192.0.2.2' } as const;

/** A host that stands still for seconds loses no peer: that would move the role, and take a change back. */
const settingsOf = (name: Name): object => ({
  name,
  realtime: { enabled: false },
  ha: {
    primary: name === 'a',
    keyFile: '/run/ha.key',
    peers: [{ name: name === 'a' ? 'b' : 'a', addresses: [OWN[name === 'a' ? 'b' : 'a']] }],
    peerCheckIntervalMs: 200,
    peerFailureThreshold: 255,
  },
  virtualRouters: [
    {
      name: 'lan',
      interface: 'lan',
      vrid: 51,
      addresses: ['192.0.2.100/24'],
      advertisementIntervalMs: 1000,
      priority: name === 'a' ? 200 : 100,
    },
  ],
});

const homes = {} as Record<Name, AgentHome>;
const agents = {} as Record<Name, AgentProcess>;
let pages: Pages;

const start = (name: Name): AgentProcess => {
  agents[name] = new AgentProcess(homes[name], name === 'b' ? { netns: 'peer' } : {});
  return agents[name];
};

const inSync = (name: Name) =>
  until(
    `${name} in sync`,
    async () => (await agents[name].status()).sync,
    (sync) => sync?.peers[0]?.state === 'in-sync',
    25,
  );

const inForce = async (name: Name, setting: string): Promise<unknown> => {
  const { settings } = await agents[name].control.settings();
  return settings.find((one) => one.setting === setting)?.value;
};

/** What one has taken from the other is in force there when its service and its agent are done with it. */
const comesIntoForce = (name: Name, setting: string, value: unknown): Promise<unknown> =>
  until(
    `${setting} ${String(value)} in force on ${name}`,
    () => inForce(name, setting),
    (found) => found === value,
    25,
  );

/** An agent that took longer than it holds a connection for goes on: what counts is what is in force. */
async function setSync(name: Name, mode: string): Promise<void> {
  await agents[name].control.set('sync', mode).catch((error: unknown) => {
    if (!(error instanceof ControlRefusal && error.code === 'too-slow')) throw error;
  });
  await comesIntoForce(name, 'sync', mode);
}

/** Both have the settings with which they began. None follows meanwhile, and writes into the file of the test. */
async function atFirst(): Promise<void> {
  for (const name of ['a', 'b'] as const) await setSync(name, 'offer');
  for (const name of ['a', 'b'] as const) {
    homes[name].configure(settingsOf(name));
    assert.ok((await reread(agents[name].control)).ok);
  }
  for (const name of ['a', 'b'] as const) await inSync(name);
  await agents.a.until(({ virtualRouters: [lan] }) => lan?.state === 'Active');
}

const pageOf = async (name: Name, view = ''): Promise<Page> =>
  pages.window(`${await pages.serve(agents[name].control)}${view}`);

/** Traffic is judged on some interface, or not at all. */
async function nameInterface(page: Page): Promise<void> {
  await press(page, 'Add an interface');
  await page.getByLabel('interface 1', { exact: true }).fill('lan');
}

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();

describe('the page over two agents that share settings', { skip }, () => {
  before(async () => {
    joinPeer();
    writeFileSync('/run/ha.key', `${'1a'.repeat(32)}\n`, { mode: 0o600 });
    for (const name of ['a', 'b'] as const) homes[name] = new AgentHome(name, settingsOf(name));
    await start('a').transition('Active');
    await start('b').transition('Backup');
    for (const name of ['a', 'b'] as const) await inSync(name);
    pages = await Pages.open();
  });
  after(async () => {
    await pages.close();
    for (const name of ['a', 'b'] as const) await agents[name].dispose();
  });
  afterEach(async () => {
    assert.deepEqual(await pages.closeWindows(), [], 'the browser complains of nothing');
  });

  it('what is saved on one is told on the other, which shows what differs and takes it', async () => {
    const there = await pageOf('b');
    await there.getByText('✓ a: in sync since').waitFor();
    const here = await pageOf('a', '#settings');
    const untouched = readFileSync(homes.a.settingsFile, 'utf8');
    await here.getByLabel('Peer Recovery Threshold').fill('9');
    const shown = await preview(here);
    await shown.getByRole('heading', { name: 'On a, at once' }).waitFor();
    await shown
      .getByText('Nothing by itself. It is offered peer-recovery-threshold: push that')
      .waitFor();
    assert.equal(readFileSync(homes.a.settingsFile, 'utf8'), untouched);
    await saveNow(here);
    await there.getByText(/! a: differs since .*newer there.*: peer-recovery-threshold/).waitFor();
    await press(there, 'What differs…');
    const row = there.getByRole('row').filter({ hasText: 'peer-recovery-threshold' });
    await row.waitFor();
    assert.deepEqual(await row.locator('td').allInnerTexts(), [
      'peer-recovery-threshold',
      '5',
      '5',
      '9',
      'a',
    ]);
    assert.deepEqual(await findings(there, '.card:has(.scroll)'), []);
    await press(there, 'Pull from a…');
    await there.getByText('Changes b: it takes what a has').waitFor();
    assert.equal(await inForce('b', 'peer-recovery-threshold'), 5);
    await press(there, 'Pull from a');
    await there.getByText('✓ Done: taken from a: peer-recovery-threshold').waitFor();
    await there.locator('.events').getByText('sync-applied').first().waitFor();
    await there.getByText('✓ a: in sync since').waitFor();
    await comesIntoForce('b', 'peer-recovery-threshold', 9);
    await here.getByText('✓ b: in sync since').waitFor();
  });

  it('under follow what is saved on one is on the other, which says so, and every one of the fields', async () => {
    for (const name of ['a', 'b'] as const) await setSync(name, 'follow');
    for (const name of ['a', 'b'] as const) await inSync(name);
    const there = await pageOf('b');
    await there.getByText('ha.sync is follow').waitFor();
    const here = await pageOf('a', '#settings');
    await nameInterface(here);
    for (const [label, setting, typed] of ELEVEN) {
      if (setting !== 'primary') await enter(here, label, typed);
    }
    const shown = await preview(here);
    await shown.getByText(/^The same, if b follows too/).waitFor();
    // Of both.
    await shown.getByText('peer-recovery-threshold: 9 → 6').nth(1).waitFor();
    await saveNow(here);
    await there
      .locator('.events')
      .getByText(/sync-applied.*maximum-flaps/)
      .first()
      .waitFor();
    await here.getByText('✓ b: in sync since').waitFor();
    for (const [, setting, , value] of ELEVEN) {
      // A primary that is none is this appliance's own affair.
      if (setting === 'primary') continue;
      for (const name of ['a', 'b'] as const) {
        await comesIntoForce(name, setting, value);
      }
    }
    for (const name of ['a', 'b'] as const) {
      await agents[name].until(({ mode, flaps }) => mode === 'off' && flaps.limit === 7);
    }
    await atFirst();
  });

  it('each of the eleven fields is set, and pushed to the other where both are to have it', async () => {
    // With another port neither hears the other until both have it; what is a's own is not pushed.
    const apart = new Set(['ha-port', 'primary']);
    const page = await pageOf('a', '#settings');
    await until(
      'the eleven fields in their order',
      () => page.locator('section').first().locator('.field label').allInnerTexts(),
      (labels) => labels.join() === ELEVEN.map(([label]) => label).join(),
    );
    await nameInterface(page);
    for (const [label, setting, typed] of ELEVEN) {
      if (!apart.has(setting)) await enter(page, label, typed);
    }
    await save(page);
    await press(page, 'Push to b…');
    await page.getByText('Changes b: it takes what a has').waitFor();
    await press(page, 'Push to b');
    await page.getByText('✓ Done: b has what is here').waitFor();
    for (const name of ['a', 'b'] as const) {
      const other = name === 'a' ? page : await pageOf(name, '#settings');
      await enter(other, 'HA Port', '7113');
      await enter(other, 'Primary Instance', name === 'b');
      await save(other);
      for (const [, setting, , value] of ELEVEN) {
        const expected = setting === 'primary' ? name === 'b' : value;
        await comesIntoForce(name, setting, expected);
      }
      await agents[name].until(
        ({ mode, primary, flaps }) =>
          mode === 'off' && primary === (name === 'b') && flaps.limit === 7,
      );
    }
    await atFirst();
  });

  it('a virtual router and a check that are added are in force, and are not when they are removed', async () => {
    const page = await pageOf('a', '#settings');
    await press(page, 'Add a virtual router');
    const row = page.getByRole('group').filter({ hasText: ', new' });
    await row.getByLabel('Name', { exact: true }).fill('guest');
    await row.getByLabel('Interface', { exact: true }).fill('lan');
    await row.getByLabel('VRID', { exact: true }).fill('52');
    await row.getByLabel('address 1', { exact: true }).fill('192.0.2.110/24');
    await press(page, 'Add a check');
    const check = page.getByRole('group').filter({ hasText: 'check, new' });
    await check.getByLabel('Name', { exact: true }).fill('web');
    const web = page.getByRole('group').filter({ hasText: 'web, new' });
    await web.getByLabel('Host', { exact: true }).fill('127.0.0.1');
    await web.getByLabel('Port', { exact: true }).fill('80');
    await web.getByLabel('Weight', { exact: true }).fill('0');
    const shown = await preview(page);
    await shown.getByText('virtualRouters[guest].vrid: - → 52').first().waitFor();
    await shown.getByText('Netlink script of guest').waitFor();
    await saveNow(page);
    await agents.a.until(
      ({ virtualRouters, monitors }) =>
        virtualRouters
          .map(({ name }) => name)
          .toSorted()
          .join() === 'guest,lan' && monitors.some(({ name }) => name === 'web'),
    );
    await press(page, 'Remove guest');
    await press(page, 'Remove web');
    await page.getByText('guest, to be removed').waitFor();
    await save(page);
    await agents.a.until(
      ({ virtualRouters }) => virtualRouters.map(({ name }) => name).join() === 'lan',
    );
    await inSync('a');
  });

  it('a failover is watched live on the page of the one that takes over', async () => {
    const here = await pageOf('a');
    const there = await pageOf('b');
    await there.getByText('b ◇ Backup').waitFor();
    await agents.a.end('SIGKILL');
    await there.getByText('b ◆ Active').waitFor();
    await there.getByText('■ 192.0.2.100/24 stands').waitFor();
    await there
      .getByText(/transition lan Backup → Active/)
      .first()
      .waitFor();
    await here.getByRole('alert').getByText('The agent is gone').waitFor();
    await start('a').transition('Active');
    await there.getByText('b ◇ Backup').waitFor();
    await here.getByText('a ◆ Active').waitFor();
    await here.locator('.app:not(.stale)').waitFor();
  });
});

describe('understudy console, the program', { skip }, () => {
  const listen = `${OWN.a}:7443`;
  const file = '/run/console.yaml';
  let child: ChildProcess | null = null;

  const configure = (more: object): void => {
    const { runtimeDirectory } = homes.a;
    const settings = {
      ...settingsOf('a'),
      runtimeDirectory,
      console: { listen, tokenFile: '/run/console.token', ...more },
    };
    writeFileSync(file, JSON.stringify(settings));
  };
  const words = [MAIN, 'console', '--config', file];

  before(async () => {
    await start('a').transition('Active');
    pages = await Pages.open();
  });
  after(async () => {
    await pages.close();
    child?.kill('SIGKILL');
    await agents.a.dispose();
  });

  it('does not listen where others reach it in the clear', () => {
    configure({});
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    assert.notEqual(status, 0);
    assert.match(stderr, /console\.listen \(contradiction\)/);
  });

  it('with a certificate serves the page over TLS, and one that it hears no more from goes grey', async () => {
    writeFileSync('/run/console.crt', SELF_SIGNED.cert);
    writeFileSync('/run/console.pem', SELF_SIGNED.key, { mode: 0o600 });
    configure({ certificateFile: '/run/console.crt', privateKeyFile: '/run/console.pem' });
    const running = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    child = running;
    const said: string[] = [];
    createInterface({ input: running.stdout }).on('line', (line) => said.push(line));
    await until(
      'that it listens',
      () => said.join('\n'),
      (text) => text.includes(`listening at https://${listen}/`) || running.exitCode !== null,
    );
    const token = readFileSync('/run/console.token', 'utf8').trim();
    const page = await pages.window(`https://${listen}/`, { ignoreHTTPSErrors: true }, token);
    const cookies = await page.context().cookies();
    assert.deepEqual(
      cookies.map(({ secure, httpOnly, sameSite }) => ({ secure, httpOnly, sameSite })),
      [{ secure: true, httpOnly: true, sameSite: 'Strict' }],
    );
    await page.getByText('a ◆ Active').waitFor();
    // The connection stays; nothing comes through it.
    running.kill('SIGSTOP');
    await page
      .getByRole('alert')
      .getByText(/No news from the agent\. What is shown is \d+ s old/)
      .waitFor();
    await page.locator('.stale main').waitFor();
    running.kill('SIGCONT');
    await page.locator('.app:not(.stale)').waitFor();
    assert.deepEqual(await pages.closeWindows(), []);
    const ended = new Promise<number | null>((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    assert.equal(await within('its end', ended), 0);
  });
});
