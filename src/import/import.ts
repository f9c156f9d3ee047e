// A keepalived.conf in, settings and an account out. Pure: files, host name and environment are given. Nothing is
// written here.
import { Account, type AccountLine, type ImportError } from './account.js';
import { blocksOf } from './blocks.js';
import { partsOf } from './conversion.js';
import { logicalLines, type ImportSource } from './lines.js';
import { safeOrder, versionWarning } from './order.js';
import { settingsOf, type ImportChoices, type ImportedSettings } from './settings.js';

export type ImportResult =
  | {
      readonly ok: true;
      /** Said first. */
      readonly warning: readonly string[];
      readonly account: readonly AccountLine[];
      /** Said last. */
      readonly order: readonly string[];
      readonly imported: ImportedSettings;
    }
  | {
      readonly ok: false;
      readonly errors: readonly ImportError[];
      /** Empty when the file could not be read to its end. */
      readonly account: readonly AccountLine[];
    };

/** Imports the file at `path` (absolute). Never throws for anything that a file can contain. */
export function importKeepalived(
  path: string,
  source: ImportSource,
  choices: ImportChoices,
): ImportResult {
  const account = new Account();
  const lines = logicalLines(path, source, account);
  const failed = (told: readonly AccountLine[]): ImportResult => ({
    ok: false,
    errors: account.errors,
    account: told,
  });
  if (account.errors.length > 0) return failed([]);
  const blocks = blocksOf(lines, account);
  if (account.errors.length > 0) return failed([]);
  const parts = partsOf(blocks, account);
  if (account.errors.length === 0 && parts.instances.length === 0) {
    account.fail({
      place: { file: path, line: 1 },
      expected: 'a vrrp_instance',
      found: 'none: there is nothing for understudy to do',
      remedy: 'name the file that has them; a keepalived that only balances load stays as it is',
    });
  }
  if (account.errors.length > 0) return failed(account.lines());
  const imported = settingsOf(parts, choices, account);
  if (account.errors.length > 0) return failed(account.lines());
  return {
    ok: true,
    warning: versionWarning(parts),
    account: account.lines(),
    order: safeOrder(parts, path),
    imported,
  };
}
