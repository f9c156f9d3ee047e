// Pages of consoles that run in the test's own process, in windows of one browser: opened, signed in to, and asked for
// what the browser complained of. No tests.
import assert from 'node:assert/strict';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { startConsole, type ConsoleServer } from '../../src/console/server.js';
import type { ControlClient } from '../../src/control/client.js';
import { TOKEN } from '../console/bench.js';
import { until } from '../support/limits.js';
import { Screens, type Screen } from './browser.js';

export const signIn = async (page: Page, token = TOKEN): Promise<void> => {
  await page.getByLabel('Token').fill(token);
  await page.keyboard.press('Enter');
  await page.locator('header h1').waitFor();
};

export class Pages {
  readonly screens: Screens;
  readonly #consoles: ConsoleServer[] = [];
  readonly #windows: Screen[] = [];

  private constructor(screens: Screens) {
    this.screens = screens;
  }

  static open = async (): Promise<Pages> => new Pages(await Screens.open());

  /** Starts a console over an agent. @returns where its page is. */
  async serve(client: ControlClient): Promise<string> {
    const server = await startConsole({
      client,
      listen: { kind: 'tcp', host: '127.0.0.1', port: 0, loopback: true },
      tls: null,
      behindProxy: false,
      names: [],
      metrics: false,
      token: () => TOKEN,
      onError: (error) => assert.fail(String(error)),
    });
    this.#consoles.push(server);
    return `http://127.0.0.1:${server.port}/`;
  }

  /** A window in which somebody has signed in. */
  async window(url: string, options: BrowserContextOptions = {}, token = TOKEN): Promise<Page> {
    const screen = await this.screens.window(url, options);
    this.#windows.push(screen);
    await signIn(screen.page, token);
    return screen.page;
  }

  /** Closes the windows of a test. @returns what the browser complained of in them. */
  async closeWindows(): Promise<string[]> {
    const windows = this.#windows.splice(0);
    await Promise.all(windows.map(({ page }) => page.context().close()));
    return windows.flatMap(({ complaints }) => complaints);
  }

  async close(): Promise<void> {
    await this.screens.close();
    await Promise.all(this.#consoles.map((server) => server.close()));
  }
}

/** Tab after Tab until what is so called has the focus: no mouse. A field is called by its label. */
export async function tabTo(page: Page, name: string): Promise<void> {
  const focused = (): Promise<string> =>
    page.evaluate(
      '(document.activeElement?.labels?.[0] ?? document.activeElement)?.textContent ?? ""',
    );
  await until(
    `the focus on ${name}`,
    async () => {
      await page.keyboard.press('Tab');
      return focused();
    },
    (text) => text.trim() === name,
    0,
  );
}

/** What Save is going to do, once it is shown. */
export async function preview(page: Page) {
  await page.getByRole('button', { name: 'Save…' }).click();
  const shown = page.getByRole('region', { name: 'What will change' });
  await shown.waitFor();
  return shown;
}

export async function save(page: Page): Promise<void> {
  await preview(page);
  await saveNow(page);
}

/** Saves what is shown to be changed. Fails with what the page says instead. */
export async function saveNow(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save now' }).click();
  await until(
    'that it is saved',
    () => page.locator('.save').innerText(),
    (text) => text.includes('✓ Saved in'),
    25,
  );
}

/** The eleven fields of the appliance's page in its order: label, setting, what is typed, and what is in force then. */
export const ELEVEN: readonly (readonly [
  label: string,
  setting: string,
  typed: string | boolean,
  value: unknown,
])[] = [
  ['HA Mode', 'mode', 'off', 'off'],
  ['Primary Instance', 'primary', false, false],
  ['HA Port', 'ha-port', '7113', 7113],
  ['Peer Check Interval', 'peer-check-interval', '260', 260],
  ['Peer Failure Threshold', 'peer-failure-threshold', '200', 200],
  ['Peer Recovery Threshold', 'peer-recovery-threshold', '6', 6],
  ['Maximum Allowed Flaps', 'maximum-flaps', '7', 7],
  ['Enable Bandwidth Monitoring', 'bandwidth-monitoring', true, true],
  ['Minimum Bandwidth', 'minimum-bandwidth', '1000', 1000],
  ['Link Monitoring Interval', 'link-monitoring-interval', '700', 700],
  ['Minimum Active Links', 'minimum-active-links', '0', 0],
];

/** Types into the field what ELEVEN has for it. */
export async function enter(page: Page, label: string, typed: string | boolean): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  if (typeof typed === 'boolean') await field.setChecked(typed);
  else if (label === 'HA Mode') await field.selectOption(typed);
  else await field.fill(typed);
}
