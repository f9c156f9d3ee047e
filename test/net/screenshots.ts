// Makes the pictures of docs/CONSOLE.md from made-up states: node dist/test/net/screenshots.js. With a folder, one of each
// state there, narrow and wide, light and dark, to be looked at; with a word, of those whose names contain it. Run by hand when the page has changed; no test runs it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from '../../scripts/lab/program.js';
import { parseSettings } from '../../src/config/load.js';
import { viewSettings } from '../../src/config/setting-names.js';
import type { ControlHandlers } from '../../src/control/protocol.js';
import type { EventRecord, Status } from '../../src/model/status.js';
import { pair, peerDead, suspended } from '../cli/pair-statuses.js';
import { Bench, TOKEN } from '../console/bench.js';
import { Screens } from './browser.js';
import { STATES, syncOf } from './console-states.js';

const FILE = '/etc/understudy/understudy.yaml';
const TEXT = `name: dallas-1
ha:
  primary: true
  keyFile: /etc/understudy/ha.key
  peers: [{ name: dallas-2, addresses: [10.98.0.2, 10.99.0.2] }]
virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
linkMonitoring: { pairs: [[eth1, eth2], [eth3, eth4]] }
gatewayMonitoring: { addresses: [10.99.0.254] }
checks:
  - { name: upcheck, type: http, url: "http://127.0.0.1:9000/upcheck", weight: 20 }
`;

const DIFFERENCES = [
  { setting: 'peer-check-interval', base: 100, mine: 200, theirs: 100, changed: 'here' },
  { setting: 'virtualRouters[guest].vrid', mine: 52, changed: 'here' },
] as const;

interface Shot {
  readonly name: string;
  readonly status: Status;
  readonly dark?: boolean;
  readonly width?: number;
  /** Not only what fits into the window. */
  readonly whole?: boolean;
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
  await row.getByLabel('Name', { exact: true }).fill('guest');
  await row.getByLabel('Interface', { exact: true }).fill('eth1');
  await row.getByLabel('VRID', { exact: true }).fill('52');
  await row.getByLabel('address 1', { exact: true }).fill('10.98.0.100/24');
  await row.getByLabel('Name', { exact: true }).focus();
  await page.evaluate('document.querySelector("fieldset.changed").scrollIntoView()');
}

async function compared(page: Page): Promise<void> {
  await press(page, 'What differs…');
  await press(page, 'Push to dallas-2…');
  await page.getByText('Changes dallas-2').scrollIntoViewIfNeeded();
  await page.evaluate('scrollBy(0, 240)');
}

async function withErrors(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'High availability' }).click();
  const pairs = page.getByRole('group', { name: 'Pairs' });
  await pairs.getByLabel('pair 2, 2 of 2').fill('eth/4');
  await press(page, 'Save…');
  await page.getByText('✕ Not saved').waitFor();
  await page.evaluate(
    'document.querySelector("[aria-invalid]").scrollIntoView({ block: "center" })',
  );
}

const { active, differs } = STATES;
if (active === undefined || differs === undefined)
  throw new Error('expected states by these names');

const OF_DOCS: readonly Shot[] = [
  { name: 'active', status: active },
  { name: 'differs', status: differs, act: compared },
  { name: 'peer-dead', status: peerDead, dark: true },
  { name: 'suspended-narrow', status: suspended, width: 360 },
  { name: 'settings', status: active, act: changed },
  { name: 'row', status: pair, act: added },
  { name: 'list', status: pair, act: withErrors },
];

/** Each state as a whole, and the HA page. */
const OF_ALL: readonly Shot[] = [
  ...Object.entries(STATES).map(([name, status]) => ({ name, status })),
  { name: 'ha', status: active, act: changed },
  { name: 'ha-errors', status: active, act: withErrors },
  { name: 'ha-row', status: active, act: added },
  { name: 'compared', status: differs, act: compared },
].flatMap((shot) =>
  [360, 1600].flatMap((width) =>
    [false, true].map((dark) => ({
      ...shot,
      name: `${shot.name}-${width}-${dark ? 'dark' : 'light'}`,
      width,
      dark,
      whole: true,
    })),
  ),
);

const EVENTS: readonly EventRecord[] = [
  ['00:00:00.000', 'transition', 'no-response', 'no advertisement within Active_Down_Interval'],
  ['00:00:00.012', 'taken-over', 'no-response', 'the virtual addresses stand here'],
  ['00:00:02.480', 'peer-healthy', 'peer-healthy', 'dallas-2: the peer answers'],
].map(([at, event = '', reason = '', detail = '']) => ({
  time: `2026-01-01T${at}Z`,
  event,
  reason,
  detail,
  ...(event === 'transition' ? { from: 'Backup', to: 'Active' } : {}),
  virtualRouter: 'lan',
}));

const [, , all, names = ''] = process.argv;
const SHOTS = all === undefined ? OF_DOCS : OF_ALL.filter(({ name }) => name.includes(names));
const folder = all ?? join(ROOT, 'docs/console');
mkdirSync(folder, { recursive: true });
const loaded = parseSettings(TEXT, FILE);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
const view = viewSettings(loaded.listed, FILE, loaded.digest);
const interval = { setting: 'peer-check-interval', path: 'ha.peerCheckIntervalMs' };
const changes = [{ ...interval, from: 100, to: 200, unit: 'ms' }];
const checked = parseSettings(TEXT.replace('[eth3, eth4]', '[eth3, eth/4]'), FILE);
const change: ControlHandlers['change'] = (request) =>
  Promise.resolve(
    !checked.ok && JSON.stringify(request).includes('eth/4')
      ? { ok: false, file: FILE, errors: checked.errors }
      : { ok: true, applied: false, file: FILE, changes, plan: [], warnings: [] },
  );
const peers = [{ name: 'dallas-2', differences: DIFFERENCES }];
const compare: ControlHandlers['sync'] = () => Promise.resolve({ sync: syncOf('differs'), peers });
const screens = await Screens.open();
for (const { name, status, dark = false, width = 1000, whole = false, act } of SHOTS) {
  const bench = new Bench();
  await bench.startAgent({ status: () => status, settings: () => view, change, sync: compare });
  await bench.startConsole({ now: Date.now });
  for (const event of EVENTS) bench.events.record(event);
  const { page } = await screens.window(`http://${bench.host}/`, {
    viewport: { width, height: width < 600 ? 740 : 860 },
    colorScheme: dark ? 'dark' : 'light',
  });
  await page.getByLabel('Token').fill(TOKEN);
  await page.keyboard.press('Enter');
  await page.locator('header h1').waitFor();
  await act?.(page);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: whole });
  await page.context().close();
  await bench.close();
}
await screens.close();
