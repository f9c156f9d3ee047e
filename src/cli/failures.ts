// How a command says that it failed, and with which exit code. No command is here.
import { formatSettingsError, type SettingsError } from '../config/errors.js';
import { AgentNotReachable, ControlRefusal, UnexpectedAnswer } from '../control/client-errors.js';
import { DEFAULT_CONFIG } from './locate.js';
import { EXIT, type ConfigChoice, type Surroundings } from './surroundings.js';

type Stderr = Pick<Surroundings, 'stderr'>;

/** One sentence and one remedy. @returns `code`. */
export function fail({ stderr }: Stderr, code: number, message: string, remedy?: string): number {
  stderr.write(`understudy: ${message}\n`);
  if (remedy !== undefined) stderr.write(`  remedy  ${remedy}\n`);
  return code;
}

/** Every error of a settings file. @returns exit code 2, or 1 when only the writing failed. */
export function failSettings(
  { stderr }: Stderr,
  errors: readonly SettingsError[],
  file: string,
): number {
  for (const error of errors) stderr.write(`${formatSettingsError(error, file)}\n`);
  return errors.every(({ code }) => code === 'write-failed') ? EXIT.failed : EXIT.usage;
}

/** As root, becomes the owner of what `path` leads to. @returns the exit code when that is refused; else null. */
export async function refusalToAct(
  surroundings: Pick<Surroundings, 'stderr' | 'actAsOwner'>,
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
export function failCall(surroundings: Stderr, config: ConfigChoice, error: unknown): number {
  if (error instanceof AgentNotReachable) {
    const start =
      error.noneRuns && config.path !== DEFAULT_CONFIG
        ? `start it: understudy run --config ${config.path}`
        : error.remedy;
    return fail(surroundings, EXIT.notReachable, error.message, start);
  }
  if (error instanceof ControlRefusal || error instanceof UnexpectedAnswer) {
    return fail(surroundings, EXIT.failed, error.message, error.remedy);
  }
  throw error;
}
