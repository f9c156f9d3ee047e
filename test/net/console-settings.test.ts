// The HA page over a settings file, in a real browser, with the code that an agent changes it with and no agent: lists of
// texts, of pairs and of sections, their errors, the keyboard alone, a slow network. What comes of it in agents:
// console-shared.test.ts.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { formatSettingsError } from '../../src/config/errors.js';
import { loadSettings, parseSettings } from '../../src/config/load.js';
import { viewSettings, type SettingsView } from '../../src/config/setting-names.js';
import { createControlClient } from '../../src/control/client.js';
import { ControlRefusal } from '../../src/control/client-errors.js';
import { healthy } from '../cli/statuses.js';
import { Bench } from '../console/bench.js';
import { enterNamespace } from '../support/namespace.js';
import { after, afterEach, before, beforeEach, describe, it } from '../support/test.js';
import { browserRefusal, findings, overflow, Screens, type Screen } from './browser.js';
import { preview, save, saveNow, signIn, tabTo } from './console-pages.js';
import { changeSettings } from '../config/change-settings.js';

const skip = browserRefusal() ?? enterNamespace(import.meta.url);

const FILE = `# The settings of dallas-1
name: dallas-1
ha:
  keyFile: /etc/understudy/ha.key
  peers:
    - name: dallas-2
      addresses: [10.98.0.2, 10.99.0.2] # HA link first
virtualRouters:
  - name: lan
    interface: eth0
    vrid: 51
    addresses:
      - 10.99.0.100/24 # the one
      - 10.99.0.101/24 # the other
linkMonitoring:
  pairs: [[eth1, eth2]] # both sides
gatewayMonitoring:
  addresses: [10.99.0.1]
`;

const TOO_SLOW = { code: 'too-slow', message: 'the agent took too long', remedy: 'see status' };

let screens: Screens;
let bench: Bench;
let file = '';
let screen: Screen;

const view = (): SettingsView => {
  const loaded = loadSettings(file);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return viewSettings(loaded.listed, file, loaded.digest);
};

async function open(): Promise<Page> {
  screen = await screens.window(`http://${bench.host}/#settings`);
  await signIn(screen.page);
  return screen.page;
}

/** The list so labelled, in the part of the page that has this heading or this legend. */
const listIn = (page: Page, part: string, label: string): Locator =>
  page
    .locator('section, fieldset')
    .filter({ has: page.locator(':scope > h2, :scope > legend').getByText(part, { exact: true }) })
    .getByRole('group', { name: label, exact: true });

const itemOf = (list: Locator, name: string): Locator => list.getByLabel(name, { exact: true });

const without = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Of these settings, the words of `check` for the error at `path`, but for where it stands in the file. */
function wordsOfCheck(text: string, path: string): string {
  const checked = parseSettings(text, file);
  assert.ok(!checked.ok);
  const error = checked.errors.find((one) => one.path === path);
  assert.ok(error, `${path} in ${JSON.stringify(checked.errors)}`);
  const { line: _, column: __, ...told } = error;
  return without(formatSettingsError(told, '').replace(/^: /, ''));
}

describe('the HA page over a settings file', { skip }, () => {
  before(async () => {
    screens = await Screens.open();
  });
  after(() => screens.close());
  beforeEach(async () => {
    bench = new Bench();
    file = join(bench.folder, 'understudy.yaml');
    writeFileSync(file, FILE);
    await bench.startAgent({
      status: () => ({ ...healthy, name: 'dallas-1' }),
      settings: view,
      change: (request) => changeSettings(file, request),
    });
    await bench.startConsole({ now: Date.now });
  });
  afterEach(async () => {
    assert.deepEqual(screen.complaints, [], 'the browser complains of nothing');
    await screen.page.context().close();
    await bench.close();
  });

  it('items of lists are changed, added and removed one by one, and the others stay as they are', async () => {
    const page = await open();
    const gateways = listIn(page, 'Gateway monitoring', 'Addresses');
    await gateways.getByRole('button', { name: 'Add an address' }).click();
    await itemOf(gateways, 'address 2').fill('10.99.0.254');
    const pairs = listIn(page, 'Link monitoring', 'Pairs');
    await itemOf(pairs, 'pair 1, 2 of 2').fill('eth3');
    await pairs.getByRole('button', { name: 'Add a pair' }).click();
    await itemOf(pairs, 'pair 2, 1 of 2').fill('eth4');
    await itemOf(pairs, 'pair 2, 2 of 2').fill('eth5');
    const paths = listIn(page, 'dallas-2', 'Addresses');
    await paths.getByRole('button', { name: 'Remove address 1' }).click();
    const addresses = listIn(page, 'lan', 'Addresses');
    await addresses.getByRole('button', { name: 'Remove address 1' }).click();
    await addresses.getByRole('button', { name: 'Add an address' }).click();
    await itemOf(addresses, 'address 2').fill('10.99.0.102/24');
    const shown = await preview(page);
    for (const line of [
      'ha.peers[dallas-2]: 10.98.0.2 10.99.0.2 → 10.99.0.2',
      'virtualRouters[lan].addresses: 10.99.0.100/24 10.99.0.101/24 → 10.99.0.101/24 10.99.0.102/24',
      'linkMonitoring.pairs: eth1+eth2 → eth1+eth3 eth4+eth5',
      'gatewayMonitoring.addresses: 10.99.0.1 → 10.99.0.1 10.99.0.254',
    ]) {
      await shown.getByText(line).first().waitFor();
    }
    assert.equal(readFileSync(file, 'utf8'), FILE, 'shown, and not written');
    await saveNow(page);
    const text = readFileSync(file, 'utf8');
    const expected = FILE.replace('[10.98.0.2, 10.99.0.2]', '["10.99.0.2"]')
      .replace('      - 10.99.0.100/24 # the one\n', '')
      .replace('# the other\n', '# the other\n      - "10.99.0.102/24"\n')
      .replace('[[eth1, eth2]]', '[[eth1, eth3], [eth4, eth5]]')
      .replace('[10.99.0.1]', '["10.99.0.1", "10.99.0.254"]');
    assert.equal(text, expected);
  });

  it('what is wrong with an item stands at that item, in the words of check', async () => {
    const page = await open();
    const pairs = listIn(page, 'Link monitoring', 'Pairs');
    await itemOf(pairs, 'pair 1, 2 of 2').fill('eth/2');
    const addresses = listIn(page, 'lan', 'Addresses');
    await itemOf(addresses, 'address 2').fill('10.99.0.101');
    const gateways = listIn(page, 'Gateway monitoring', 'Addresses');
    await gateways.getByRole('button', { name: 'Add an address' }).click();
    const paths = listIn(page, 'dallas-2', 'Addresses');
    await itemOf(paths, 'address 1').fill('dallas-2.example.com');
    await page.getByRole('button', { name: 'Save…' }).click();
    await page.getByText('✕ Not saved: 4 errors').waitFor();
    const wrong = FILE.replace('eth2]', 'eth/2]')
      .replace('10.99.0.101/24', '10.99.0.101')
      .replace('[10.99.0.1]', '[10.99.0.1, ""]')
      .replace('10.98.0.2,', 'dallas-2.example.com,');
    for (const [list, item, path] of [
      [pairs, 'pair 1, 2 of 2', 'linkMonitoring.pairs[0][1]'],
      [addresses, 'address 2', 'virtualRouters[0].addresses[1]'],
      [gateways, 'address 2', 'gatewayMonitoring.addresses[1]'],
      [paths, 'address 1', 'ha.peers[0].addresses[0]'],
    ] as const) {
      const row = list
        .locator('.items > li')
        .filter({ has: page.getByLabel(item, { exact: true }) });
      const said = without(await row.locator('.error').innerText()).replace('✕ ', '');
      assert.equal(said, wordsOfCheck(wrong, path));
      assert.equal(await itemOf(list, item).getAttribute('aria-invalid'), 'true', item);
      assert.equal(await list.locator('[aria-invalid]').count(), 1, `${path}: no other item`);
    }
    assert.equal(readFileSync(file, 'utf8'), FILE);
    for (const [width, colorScheme] of [
      [360, 'dark'],
      [1600, 'light'],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await findings(page), [], `${width}, ${colorScheme}`);
      assert.equal(await overflow(page), 0, `${width}`);
    }
  });

  it('the keyboard alone adds an item and takes another out, and never loses its place', async () => {
    const page = await open();
    const focused = (): Promise<string> =>
      page.evaluate(
        '(({ ariaLabel, textContent }) => (ariaLabel ?? textContent).trim())(document.activeElement)',
      );
    const gateways = listIn(page, 'Gateway monitoring', 'Addresses');
    await itemOf(gateways, 'address 1').focus();
    await tabTo(page, 'Add an address');
    await page.keyboard.press('Enter');
    await itemOf(gateways, 'address 2').waitFor();
    assert.equal(await focused(), 'address 2');
    await page.keyboard.type('10.99.0.254');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await focused(), 'Remove address 1');
    await page.keyboard.press('Enter');
    await itemOf(gateways, 'address 2').waitFor({ state: 'detached' });
    assert.equal(await focused(), 'address 1');
    // Enter in a field is Save.
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'What will change' }).waitFor();
    await tabTo(page, 'Save now');
    await page.keyboard.press('Enter');
    await page.getByText('✓ Saved in').waitFor();
    assert.equal(readFileSync(file, 'utf8'), FILE.replace('[10.99.0.1]', '["10.99.0.254"]'));
    await itemOf(gateways, 'address 1').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await itemOf(gateways, 'address 1').waitFor({ state: 'detached' });
    assert.equal(await focused(), 'Add an address');
  });

  it('a section is added with the defaults of the schema, its errors at its fields, and removed', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Add a virtual router' }).click();
    const row = page.getByRole('group').filter({ hasText: ', new' });
    const field = (label: string): Locator =>
      row.locator('.field', { has: page.getByText(label, { exact: true }) });
    await row.getByLabel('Name', { exact: true }).fill('guest');
    await row.getByLabel('Interface', { exact: true }).fill('eth1');
    await row.getByLabel('VRID', { exact: true }).fill('500');
    assert.equal(await row.getByLabel('Advertisement Interval').inputValue(), '1000');
    // What follows another setting is neither on nor off until somebody chooses.
    assert.equal(await row.getByLabel('Preempt').inputValue(), '');
    await page.getByRole('button', { name: 'Save…' }).click();
    await page.getByText('✕ Not saved: 2 errors').waitFor();
    await field('VRID').getByText('✕ virtualRouters[1].vrid (out-of-range)').waitFor();
    await field('Addresses').getByText('✕ virtualRouters[1].addresses (missing-setting)').waitFor();
    await row.getByLabel('VRID', { exact: true }).fill('52');
    await itemOf(row, 'address 1').fill('10.98.0.100/24');
    await page.getByRole('button', { name: 'Add a check' }).click();
    const check = page.getByRole('group').filter({ hasText: 'check, new' });
    await check.getByLabel('Name', { exact: true }).fill('web');
    const web = page.getByRole('group').filter({ hasText: 'web, new' });
    await web.getByLabel('Type').selectOption('http');
    await web.getByLabel('URL').fill('http://127.0.0.1/');
    await web.getByLabel('Verify TLS').selectOption('off');
    assert.deepEqual(await findings(page, 'fieldset.changed'), []);
    await save(page);
    assert.equal(
      readFileSync(file, 'utf8'),
      FILE.replace(
        'linkMonitoring:',
        '  - { name: guest, interface: eth1, vrid: 52, addresses: ["10.98.0.100/24"] }\nlinkMonitoring:',
      ) + 'checks:\n  - { name: web, type: http, url: "http://127.0.0.1/", verifyTls: false }\n',
    );
    await page.getByRole('button', { name: 'Remove guest' }).click();
    await page.getByText('guest, to be removed').waitFor();
    await page.getByRole('button', { name: 'Remove web' }).click();
    await save(page);
    assert.equal(readFileSync(file, 'utf8'), `${FILE}checks: []\n`);
  });

  it('the keyboard alone goes from the first screen to a setting, and saves it', async () => {
    const page = await open();
    await page.getByRole('link', { name: 'Status' }).click();
    await tabTo(page, 'High availability');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Maximum Allowed Flaps');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('8');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'What will change' }).waitFor();
    await tabTo(page, 'Save now');
    await page.keyboard.press('Enter');
    await page.getByText('✓ Saved in').waitFor();
    assert.match(readFileSync(file, 'utf8'), /\n {2}maximumFlaps: 8\n/);
  });

  it('what an agent that took too long has done all the same is said to be saved', async () => {
    await bench.stopConsole();
    const client = createControlClient(bench.socketPath);
    const change: typeof client.change = (request) =>
      request.apply ? Promise.reject(new ControlRefusal(503, TOO_SLOW)) : client.change(request);
    await bench.startConsole({ now: Date.now, client: { ...client, change } });
    const page = await open();
    await page.getByLabel('Maximum Allowed Flaps').fill('8');
    await preview(page);
    await page.getByRole('button', { name: 'Save now' }).click();
    await page.getByText('✕ the agent refused: the agent took too long').waitFor();
    const { digest = '' } = view();
    const changes = [{ path: 'ha.maximumFlaps', value: 8 }];
    assert.ok((await changeSettings(file, { base: digest, changes, apply: true })).ok);
    await page.getByText('✓ Saved in').waitFor();
    assert.equal(await page.locator('.save .error').count(), 0);
  });

  it('on a slow network it loads, and what is pressed twice is done once', async () => {
    const page = await open();
    const network = await page.context().newCDPSession(page);
    await network.send('Network.enable');
    await network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 400,
      downloadThroughput: 30_000,
      uploadThroughput: 30_000,
    });
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/api/change')) asked.push(request.postData() ?? '');
    });
    await page.reload();
    await page.getByLabel('Maximum Allowed Flaps').fill('9');
    await page.getByRole('button', { name: 'Save…' }).dblclick();
    await page.getByRole('button', { name: 'Save now' }).dblclick();
    await page.getByText('✓ Saved in').waitFor();
    assert.deepEqual(
      asked.map((text) => (JSON.parse(text) as { apply: boolean }).apply),
      [false, true],
    );
    assert.match(readFileSync(file, 'utf8'), /\n {2}maximumFlaps: 9\n/);
  });
});
