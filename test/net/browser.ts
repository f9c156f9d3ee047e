// A real browser for the tests of the console: Debian's Chromium, what it complains of, and what axe finds. No tests.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { WAIT_LIMIT_MS } from '../support/limits.js';

const CHROMIUM = '/usr/bin/chromium';

/** Why there is no browser; in CI its absence is a failure. */
export const browserRefusal = (): string | null =>
  existsSync(CHROMIUM) || process.env['CI'] === 'true' ? null : 'chromium is not installed';

export interface Screen {
  readonly page: Page;
  /** Every error that the browser has told, and every violation of the policy. */
  readonly complaints: string[];
}

export class Screens {
  readonly #browser: Browser;
  readonly #all: Screen[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async open(): Promise<Screens> {
    // Root in a namespace of the test has no other sandbox. What is drawn without a GPU needs no emulated one.
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-software-rasterizer',
      '--disable-dev-shm-usage',
    ];
    return new Screens(await chromium.launch({ executablePath: CHROMIUM, args }));
  }

  /** A window of its own: nothing is shared with another one but by `options.storageState`. */
  async window(url: string, options: BrowserContextOptions = {}): Promise<Screen> {
    const context = await this.#browser.newContext({ reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(WAIT_LIMIT_MS);
    const page = await context.newPage();
    const screen: Screen = { page, complaints: [] };
    page.on('console', (message) => {
      if (message.type() === 'error') screen.complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => screen.complaints.push(message));
    await page.goto(url);
    this.#all.push(screen);
    return screen;
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on the page, or in this part of it: the rule, and the element. */
export async function findings(page: Page, part = 'html'): Promise<string[]> {
  // Past the page's policy, which lets no script in.
  await page.evaluate(axe);
  const text: string = await page.evaluate(
    `axe.run(${JSON.stringify(part)}).then(({ violations }) => JSON.stringify(violations.flatMap(
      ({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html + ': ' + failureSummary))))`,
  );
  return JSON.parse(text) as string[];
}

/** How far the page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
