// From --config to the control socket, without loading YAML when the text leaves no doubt: `status`
// must come up at once. No calls to the agent.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SettingsError } from '../config/errors.js';
import { DEFAULT_RUNTIME_DIRECTORY } from '../config/schema.js';
import { controlSocketPath } from '../control/protocol.js';
import type { ConfigChoice } from './surroundings.js';

export const DEFAULT_CONFIG = '/etc/understudy/understudy.yaml';

/** `config`: as --config named it, if it did. */
export const chooseConfig = (config: string | undefined): ConfigChoice => ({
  path: resolve(config ?? DEFAULT_CONFIG),
  explicit: config !== undefined,
});

type Located =
  | { readonly ok: true; readonly socketPath: string }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

/**
 * The control socket of the agent with these settings. A default settings file that this user cannot
 * read, or that is not there, stands for the default runtime directory.
 */
export async function locateSocket(config: ConfigChoice): Promise<Located> {
  const text = readQuickly(config.path);
  if (text === null && !config.explicit) return located(DEFAULT_RUNTIME_DIRECTORY);
  const plain = text === null ? null : plainRuntimeDirectory(text);
  if (plain !== null) return located(plain);
  const { loadSettings } = await import('../config/load.js');
  const result = loadSettings(config.path);
  return result.ok ? located(result.settings.runtimeDirectory) : result;
}

const located = (runtimeDirectory: string): Located => ({
  ok: true,
  socketPath: controlSocketPath(runtimeDirectory),
});

/**
 * The runtime directory that a settings text names: the default when the word does not occur (no
 * backslash either, which could spell it), its value when it stands once and plainly; null when only
 * a YAML parser can tell.
 */
export function plainRuntimeDirectory(text: string): string | null {
  const mentions = text.split('runtimeDirectory').length - 1;
  if (text.includes('\\') || mentions > 1) return null;
  if (mentions === 0) return DEFAULT_RUNTIME_DIRECTORY;
  // In a JSON file of the usual form, where the first key stands: no deeper.
  const indent = /^\s*\{\r?\n([ \t]+)"/.exec(text)?.[1];
  const form =
    indent === undefined
      ? /^runtimeDirectory: +(\/[\w./-]+)[ \t]*(?:#.*)?\r?$/m
      : new RegExp(`^${indent}"runtimeDirectory": *"(/[\\w./-]+)",?\\r?$`, 'm');
  return form.exec(text)?.[1] ?? null;
}

/** The text of a small regular file; null for anything else, which the real load path explains. */
function readQuickly(path: string): string | null {
  try {
    const status = statSync(path);
    return status.isFile() && status.size <= 1024 * 1024 ? readFileSync(path, 'utf8') : null;
  } catch {
    return null;
  }
}
