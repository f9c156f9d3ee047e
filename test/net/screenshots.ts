// Makes the pictures of docs/CONSOLE.md from made-up states: node dist/test/net/screenshots.js. Run by hand when the page
// has changed; no test runs it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from '../../scripts/lab/program.js';
import { parseSettings } from '../../src/config/load.js';
import { viewSettings } from '../../src/config/setting-names.js';
import type { ControlHandlers } from '../../src/control/protocol.js';
import type { Status, SyncStatus } from '../../src/model/status.js';
import { pair, peerDead, suspended } from '../cli/pair-statuses.js';
import { Bench, TOKEN } from '../console/bench.js';
import { Screens } from './browser.js';

const FILE = '/etc/understudy/understudy.yaml';
const TEXT = `name: dallas-1
ha:
  primary: true
  keyFile: /etc/understudy/ha.key
  peers: [{ name: dallas-2, addresses: [10.98.0.2, 10.99.0.2] }]
virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
`;

const sync = (state: 'in-sync' | 'differs'): SyncStatus => ({
  mode: 'offer',
  generation: 12,
  author: 'dallas-1',
  digest: '9f2c',
  peers: [
    {
      name: 'dallas-2',
      state,
      since: '2026-05-04T09:12:07.000Z',
      ...(state === 'differs'
        ? { detail: 'newer here', differing: ['peer-check-interval', 'virtualRouters[guest]'] }
        : {}),
    },
  ],
});

const DIFFERENCES = [
  { setting: 'peer-check-interval', base: 100, mine: 200, theirs: 100, changed: 'here' },
  { setting: 'virtualRouters[guest].vrid', mine: 52, changed: 'here' },
] as const;

interface Shot {
  readonly name: string;
  readonly status: Status;
  readonly dark?: boolean;
  readonly width?: number;
  readonly act?: (page: Page) => Promise<void>;
}

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();

async function changed(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'High availability' }).click();
  await page.getByLabel('Peer Check Interval').fill('200');
  await press(page, 'Save…');
  await page.getByText('What will change').waitFor();
}

async function added(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'High availability' }).click();
  await press(page, 'Add a virtual router');
  const row = page.getByRole('group').filter({ hasText: ', new' });
  await row.getByLabel('name', { exact: true }).fill('guest');
  await row.getByLabel('interface', { exact: true }).fill('eth1');
  await row.getByLabel('vrid', { exact: true }).fill('52');
  await row.getByLabel('addresses', { exact: true }).fill('10.98.0.100/24');
  await row.getByLabel('name', { exact: true }).focus();
  await row.evaluate('element => element.scrollIntoView()');
}

async function compared(page: Page): Promise<void> {
  await press(page, 'What differs…');
  await press(page, 'Push to dallas-2…');
  await page.getByText('Changes dallas-2').scrollIntoViewIfNeeded();
  await page.evaluate('scrollBy(0, 240)');
}

const SHOTS: readonly Shot[] = [
  { name: 'active', status: { ...pair, sync: sync('in-sync') } },
  { name: 'differs', status: { ...pair, sync: sync('differs') }, act: compared },
  { name: 'peer-dead', status: peerDead, dark: true },
  { name: 'suspended-narrow', status: suspended, width: 360 },
  { name: 'settings', status: { ...pair, sync: sync('in-sync') }, act: changed },
  { name: 'row', status: pair, act: added },
];

const folder = join(ROOT, 'docs/console');
mkdirSync(folder, { recursive: true });
const loaded = parseSettings(TEXT, FILE);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
const view = viewSettings(loaded.listed, FILE, loaded.digest);
const change: ControlHandlers['change'] = () =>
  Promise.resolve({
    ok: true,
    applied: false,
    file: FILE,
    changes: [
      {
        setting: 'peer-check-interval',
        path: 'ha.peerCheckIntervalMs',
        from: 100,
        to: 200,
        unit: 'ms',
      },
    ],
    plan: [],
    warnings: [],
  });
const peers = [{ name: 'dallas-2', differences: DIFFERENCES }];
const compare: ControlHandlers['sync'] = () => Promise.resolve({ sync: sync('differs'), peers });
const screens = await Screens.open();
for (const { name, status, dark = false, width = 1000, act } of SHOTS) {
  const bench = new Bench();
  await bench.startAgent({ status: () => status, settings: () => view, change, sync: compare });
  await bench.startConsole({ now: Date.now });
  const { page } = await screens.window(`http://${bench.host}/`, {
    viewport: { width, height: width < 600 ? 740 : 860 },
    colorScheme: dark ? 'dark' : 'light',
  });
  await page.getByLabel('Token').fill(TOKEN);
  await page.keyboard.press('Enter');
  await page.locator('header h1').waitFor();
  await act?.(page);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.context().close();
  await bench.close();
}
await screens.close();
