// How a command says that it failed, and with which exit code. No command is here.
import { formatSettingsError, type SettingsError } from '../config/errors.js';
import { AgentNotReachable, ControlRefusal, UnexpectedAnswer } from '../control/client-errors.js';
import { DEFAULT_CONFIG } from './locate.js';
import { EXIT, type ConfigChoice, type Surroundings } from './surroundings.js';

type Streams = Pick<Surroundings, 'stdout' | 'stderr' | 'json'>;

/** Names of the exit codes in JSON, for a failure that has no name of its own. */
const CODES: Readonly<Record<number, string>> = {
  [EXIT.failed]: 'failed',
  [EXIT.usage]: 'usage',
  [EXIT.notReachable]: 'not-reachable',
};

/**
 * One sentence and one remedy; with --json one object on stdout. `name`: what a script tells it by.
 * @returns `code`.
 */
export function fail(
  surroundings: Streams,
  code: number,
  message: string,
  remedy?: string,
  name: string = CODES[code] ?? 'failed',
): number {
  const { stderr } = surroundings;
  if (surroundings.json === true) {
    return answer(surroundings, { ok: false, code: name, message, remedy: remedy ?? null }, code);
  }
  stderr.write(`understudy: ${message}\n`);
  if (remedy !== undefined) stderr.write(`  remedy  ${remedy}\n`);
  return code;
}

/** What a script reads with --json: one object. @returns `code`. */
export function answer(
  { stdout }: Pick<Surroundings, 'stdout'>,
  value: object,
  code: number,
): number {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  return code;
}

/** Every error of a settings file. @returns exit code 2, or 1 when only the writing failed. */
export function failSettings(
  surroundings: Streams,
  errors: readonly SettingsError[],
  file: string,
): number {
  const code = errors.every((error) => error.code === 'write-failed') ? EXIT.failed : EXIT.usage;
  if (surroundings.json === true) {
    return answer(surroundings, { ok: false, code: 'invalid-settings', file, errors }, code);
  }
  for (const error of errors) surroundings.stderr.write(`${formatSettingsError(error, file)}\n`);
  return code;
}

/** As root, becomes the owner of what `path` leads to. @returns the exit code when that is refused; else null. */
export async function refusalToAct(
  surroundings: Streams & Pick<Surroundings, 'actAsOwner'>,
  path: string,
): Promise<number | null> {
  try {
    await surroundings.actAsOwner(path);
    return null;
  } catch (error) {
    const { message } = error as Error;
    return fail(surroundings, EXIT.failed, `root does not write here: ${message}`);
  }
}

/** A call to the agent that failed. @returns its exit code; rethrows what is no such failure. */
export function failCall(surroundings: Streams, config: ConfigChoice, error: unknown): number {
  if (error instanceof AgentNotReachable) {
    const start =
      error.noneRuns && config.path !== DEFAULT_CONFIG
        ? `start it: understudy run --config ${config.path}`
        : error.remedy;
    return fail(surroundings, EXIT.notReachable, error.message, start);
  }
  if (error instanceof ControlRefusal || error instanceof UnexpectedAnswer) {
    const name = error instanceof ControlRefusal ? error.code : 'unexpected-answer';
    return fail(surroundings, EXIT.failed, error.message, error.remedy, name);
  }
  throw error;
}
