// Makes the pictures of docs/CONSOLE.md from made-up states: node dist/test/net/screenshots.js. Run by hand when the page
// has changed; no test runs it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/lab/program.js';
import { parseSettings } from '../../src/config/load.js';
import { viewSettings } from '../../src/config/setting-names.js';
import type { ControlHandlers } from '../../src/control/protocol.js';
import type { Status } from '../../src/model/status.js';
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

interface Shot {
  readonly name: string;
  readonly status: Status;
  readonly dark?: boolean;
  readonly width?: number;
  readonly settings?: true;
}

const SHOTS: readonly Shot[] = [
  { name: 'active', status: pair },
  { name: 'peer-dead', status: peerDead, dark: true },
  { name: 'suspended-narrow', status: suspended, width: 360 },
  { name: 'settings', status: pair, settings: true },
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
    changes: [{ setting: 'peer-check-interval', from: 100, to: 200, unit: 'ms' }],
    plan: [],
    warnings: [],
  });
const screens = await Screens.open();
for (const { name, status, dark = false, width = 1000, settings } of SHOTS) {
  const bench = new Bench();
  await bench.startAgent({ status: () => status, settings: () => view, change });
  await bench.startConsole({ now: Date.now });
  const { page } = await screens.window(`http://${bench.host}/`, {
    viewport: { width, height: width < 600 ? 740 : 860 },
    colorScheme: dark ? 'dark' : 'light',
  });
  await page.getByLabel('Token').fill(TOKEN);
  await page.keyboard.press('Enter');
  await page.locator('header h1').waitFor();
  if (settings === true) {
    await page.getByRole('link', { name: 'High availability' }).click();
    await page.getByLabel('Peer Check Interval').fill('200');
    await page.getByRole('button', { name: 'Save…' }).click();
    await page.getByText('What will change').waitFor();
  }
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.context().close();
  await bench.close();
}
await screens.close();
