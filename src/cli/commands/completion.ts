// `understudy completion SHELL`, the script; and `understudy complete`, what the script asks.
import type { Command } from 'commander';
import { loadSettings } from '../../config/load.js';
import { schemaAt } from '../../config/schema.js';
import { SETTABLE, viewSettings, withUnit, type SettingsView } from '../../config/setting-names.js';
import { createControlClient } from '../../control/client.js';
import { REPORTS } from '../../model/reasons.js';
import { complete, type Candidate, type Vocabulary } from '../completion/candidates.js';
import { COMPLETION_SCRIPTS, type Shell } from '../completion/scripts.js';
import { locateSocket } from '../locate.js';
import { harmless } from '../render/text.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** Prints the script. @returns the exit code. */
export function printCompletion({ stdout }: Surroundings, shell: Shell): number {
  stdout.write(COMPLETION_SCRIPTS[shell]);
  return EXIT.done;
}

/** An agent that hangs must not hold up whoever types. */
const PATIENCE_MS = 300;

/** Prints what may stand at the end of `typed`, one a line. @returns the exit code. */
export async function printCandidates(
  { stdout }: Surroundings,
  config: ConfigChoice,
  program: Command,
  typed: readonly string[],
): Promise<number> {
  const completion = complete(program, typed, vocabularyOf(await settingsOf(config)));
  const lines =
    completion.kind === 'files'
      ? [':files']
      : completion.candidates.map(({ value, description }) =>
          description === '' ? harmless(value) : `${harmless(value)}\t${harmless(description)}`,
        );
  stdout.write(lines.map((line) => `${line}\n`).join(''));
  return EXIT.done;
}

/** Of the running agent, else of the file; null when neither can be had. */
async function settingsOf(config: ConfigChoice): Promise<SettingsView | null> {
  try {
    const located = await locateSocket(config);
    if (!located.ok) return null;
    return await createControlClient(located.socketPath, { deadlineMs: PATIENCE_MS }).settings();
  } catch {
    const result = loadSettings(config.path);
    return result.ok ? viewSettings(result.listed, config.path) : null;
  }
}

function vocabularyOf(view: SettingsView | null): Vocabulary {
  const settings = (view?.settings ?? []).map(({ setting, value, unit }) => ({
    value: setting,
    description: withUnit(value, unit),
  }));
  const settable = SETTABLE.map(({ name, path }) => ({
    value: name,
    description: schemaAt(path)?.description ?? '',
  }));
  const routers = settings.flatMap(
    ({ value }) => /^virtualRouters\[(.+)\]\.vrid$/.exec(value)?.[1] ?? [],
  );
  return {
    settings: () => (settings.length === 0 ? settable : settings),
    settable: () => settable,
    values: valuesOf,
    events: () => [
      { value: 'transition', description: 'a virtual router changed its state' },
      ...Object.entries(REPORTS).map(([value, description]) => ({ value, description })),
    ],
    routers: () => routers.map((value) => ({ value, description: '' })),
  };
}

function valuesOf(setting: string): readonly Candidate[] {
  const found = SETTABLE.find(({ name, path }) => name === setting || path.join('.') === setting);
  const schema = found === undefined ? null : schemaAt(found.path);
  const values = schema?.type === 'boolean' ? ['on', 'off'] : (schema?.enum ?? []);
  return values.map((value) => ({
    value,
    description: value === String(schema?.default) ? 'the default' : '',
  }));
}
