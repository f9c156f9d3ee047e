// What tests of the import share: files in memory, and what came of them. No test cases.
import assert from 'node:assert/strict';
import type { AccountLine, ImportError } from '../../src/import/account.js';
import { importKeepalived, type ImportResult } from '../../src/import/import.js';
import type { ImportSource } from '../../src/import/lines.js';
import type { ImportChoices } from '../../src/import/settings.js';
import { parseAddress } from '../../src/model/address.js';
import { parseSettings } from '../../src/config/load.js';
import { settingsText } from '../../src/cli/import/text.js';
import type { Settings } from '../../src/config/settings.js';

export const FILE = '/etc/keepalived/keepalived.conf';

const bareHost = { hostName: () => 'alpha', fileExists: () => false };

export interface Wish extends Partial<ImportChoices> {
  readonly configId?: string;
  readonly environment?: ImportSource['environment'];
  /** Besides the file itself, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

export const PEER = {
  name: 'beta',
  addresses: ['10.98.0.2', '10.99.0.2'].flatMap((text) => parseAddress(text) ?? []),
};

export function importText(text: string, wish: Wish = {}): ImportResult {
  const { configId = 'alpha', environment = {}, files = {}, ...choices } = wish;
  const all: Readonly<Record<string, string>> = { ...files, [FILE]: text };
  const source: ImportSource = {
    read: (path) => {
      const found = all[path];
      return found === undefined ? { problem: `there is no file ${path}` } : { text: found };
    },
    // No patterns here: a folder stands for all in it.
    glob: (pattern, folder) => {
      const path = pattern.startsWith('/') ? pattern : `${folder}/${pattern}`;
      const start = path.replace(/\*.*$/, '');
      return Object.keys(all).filter((one) =>
        start === path ? one === path : one.startsWith(start),
      );
    },
    configId,
    environment,
  };
  const hookPath = '/etc/understudy/hooks/transition';
  return importKeepalived(FILE, source, {
    name: 'alpha',
    primary: false,
    peer: null,
    hookPath,
    ...choices,
  });
}

export type Imported = Extract<ImportResult, { ok: true }>;

export function importGood(text: string, wish: Wish = {}): Imported {
  const result = importText(text, wish);
  assert.ok(result.ok, JSON.stringify(result.ok ? null : result.errors));
  return result;
}

/** The settings as the agent would load them: by way of the file, through `check`. */
export function loaded({ imported }: Imported): Settings {
  const result = parseSettings(settingsText(imported.settings, []), 'imported.yaml', bareHost);
  assert.ok(result.ok, JSON.stringify(result));
  return result.settings;
}

export function importErrors(text: string, wish: Wish = {}): readonly ImportError[] {
  const result = importText(text, wish);
  assert.ok(!result.ok, 'expected errors');
  return result.errors;
}

/** `4 changed: why; and why` of the one line that contains `part`. */
export function said(account: readonly AccountLine[], part: string): string {
  const lines = account.filter(({ text }) => text.includes(part));
  assert.equal(lines.length, 1, `one line with ${part}: ${JSON.stringify(lines)}`);
  return lines.map(({ verdict, reasons }) => `${verdict}: ${reasons.join('; ')}`).join();
}

/** One instance that is complete; `more` stands inside it. */
export const instance = (more = '', name = 'VI_1', vrid = 51): string =>
  `vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${vrid}
  virtual_ipaddress {
    10.99.0.${vrid}/24
  }
${more}
}
`;
