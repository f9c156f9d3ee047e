// Programs that settings name and that root would start: each is root's, and so is what leads to it. Asked only where
// the agent runs as root; the package's own are as good as the program that asks.
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SettingsError } from '../config/errors.js';
import type { Settings } from '../config/settings.js';
import { distrusted } from './owner.js';

/** Where the package lies: whoever may change what is in it may change the agent. */
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));

interface NamedProgram {
  readonly setting: string;
  readonly path: string;
}

/** What runs the file that it is given: `sh /path/check`. */
const INTERPRETERS = /^(?:env|(?:ba|da|z|k)?sh|perl|ruby|node|php|python[\d.]*)$/;

/** All that is started, and what an interpreter is given to run. */
function programsOf({ vip, bypass, hooks, monitors }: Settings): NamedProgram[] {
  const one = (setting: string, path: string | null | undefined): NamedProgram[] =>
    path?.startsWith('/') === true ? [{ setting, path }] : [];
  return [
    ...one('vip.script', vip.script),
    ...one('bypass.hook', bypass?.hook),
    ...one('hooks.transition', hooks.transition),
    ...one('hooks.monitor', hooks.monitor),
    ...one('hooks.beforeActive', hooks.beforeActive),
    ...monitors.checks.flatMap(({ kind }, index) =>
      kind.type === 'script'
        ? kind.command
            .slice(0, INTERPRETERS.test(basename(kind.command[0] ?? '')) ? undefined : 1)
            .flatMap((word, at) => one(`checks[${index}].command[${at}]`, word))
        : [],
    ),
  ];
}

/** What an agent that runs as root refuses of these settings; nothing for any other user. Never rejects. */
export async function refusedByRoot(settings: Settings): Promise<SettingsError[]> {
  if (process.geteuid?.() !== 0) return [];
  const errors: SettingsError[] = [];
  for (const { setting, path } of programsOf(settings)) {
    if (resolve(path).startsWith(PACKAGE)) continue;
    const reason = await distrusted(path);
    if (reason === null) continue;
    errors.push({
      path: setting,
      code: 'not-roots',
      expected: 'what only root may change, since the agent runs as root',
      found: `${path}: ${reason}`,
      remedy:
        'chown root:root and chmod go-w it and the folders above, or run the agent as a user of its own',
    });
  }
  return errors;
}
