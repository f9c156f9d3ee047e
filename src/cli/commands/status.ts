// `understudy status`: asks the agent, prints once or on every change. Rendering is in render/.
import {
  AgentNotReachable,
  createControlClient,
  ControlRefusal,
  UnexpectedAnswer,
  type ControlClient,
} from '../../control/client.js';
import type { Status } from '../../model/status.js';
import { failCall, failSettings } from '../failures.js';
import { REDRAW } from '../guarded.js';
import { locateSocket } from '../locate.js';
import { renderStatus } from '../render/status.js';
import type { PluginAnswer } from '../render/plugin.js';
import { columnsFor } from '../render/text.js';
import { EXIT, usesColour, type ConfigChoice, type Surroundings } from '../surroundings.js';
import { packageVersion } from '../version.js';
import { waitToLook } from '../wait.js';

export interface StatusChoice {
  readonly json?: boolean;
  readonly watch?: boolean;
  /** For a monitoring plug-in: one line, and an exit code of its own. */
  readonly check?: boolean;
}

/** Prints the status. @returns the exit code. */
export async function showStatus(
  surroundings: Surroundings,
  config: ConfigChoice,
  choice: StatusChoice,
): Promise<number> {
  if (choice.check === true) return checkStatus(surroundings, config, choice);
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  const client = createControlClient(located.socketPath);
  try {
    const status = await client.status();
    print(surroundings, choice, status);
    if (choice.watch === true) await watch(surroundings, config, choice, client, status);
    return EXIT.done;
  } catch (error) {
    return failCall(surroundings, config, error);
  }
}

/** One line on stdout, whatever happens: a monitoring server reads nothing else. */
async function checkStatus(
  surroundings: Surroundings,
  config: ConfigChoice,
  { json, watch: goesOn }: StatusChoice,
): Promise<number> {
  const { noAnswer, pluginAnswer } = await import('../render/plugin.js');
  const say = ({ code, line }: PluginAnswer): number => {
    surroundings.stdout.write(`${line}\n`);
    return code;
  };
  if (json === true || goesOn === true) {
    return say(noAnswer('expected --check alone, found --json or --watch beside it'));
  }
  const located = await locateSocket(config);
  if (!located.ok) {
    const [first] = located.errors;
    const why = first === undefined ? '' : `: ${first.path} expected ${first.expected}`;
    return say(noAnswer(`the settings in ${config.path} are refused${why}; understudy check`));
  }
  try {
    return say(pluginAnswer(await createControlClient(located.socketPath).status()));
  } catch (error) {
    if (!isFailedCall(error)) throw error;
    return say(noAnswer(error.message));
  }
}

function print(surroundings: Surroundings, choice: StatusChoice, status: Status): void {
  const { stdout, isTerminal } = surroundings;
  if (choice.json === true) {
    const indent = choice.watch === true ? undefined : 2;
    stdout.write(`${JSON.stringify(status, null, indent)}\n`);
    return;
  }
  const screen = screenOf(surroundings, status);
  stdout.write(choice.watch === true && isTerminal ? `${REDRAW}${screen}` : screen);
}

/** @throws UnexpectedAnswer when the answer has not the form of a status. */
function screenOf(surroundings: Surroundings, status: Status): string {
  try {
    return renderStatus(status, {
      colour: usesColour(surroundings),
      now: (surroundings.now ?? Date.now)(),
      local: surroundings.isTerminal,
      width: columnsFor(surroundings.columns),
      version: packageVersion(),
    });
  } catch (error) {
    // The client looks at as much as it can at once; what is missing below shows itself here.
    throw new UnexpectedAnswer(`a status of another form (${(error as Error).message})`);
  }
}

/** Looks again and again, until interrupted. An agent that restarts is waited for. */
async function watch(
  surroundings: Surroundings,
  config: ConfigChoice,
  choice: StatusChoice,
  client: ControlClient,
  first: Status,
): Promise<void> {
  let last: string | null = essence(first);
  const redraws = surroundings.isTerminal && choice.json !== true;
  while (surroundings.interrupted?.aborted !== true) {
    await waitToLook(surroundings);
    try {
      const status = await client.status();
      const now = essence(status);
      if (redraws || now !== last) print(surroundings, choice, status);
      last = now;
    } catch (error) {
      if (!(error instanceof AgentNotReachable)) throw error;
      if (redraws) surroundings.stdout.write(REDRAW);
      if (redraws || last !== null) failCall(surroundings, config, error);
      last = null;
    }
  }
}

/** What counts as a change: everything but what moves with every packet, or with the clock. */
function essence(status: Status): string {
  return JSON.stringify(status, (key, value: unknown) => (MOVING.has(key) ? undefined : value));
}

const MOVING: ReadonlySet<string> = new Set([
  'lastAdvertisementAgeMs',
  'advertisementsSent',
  'advertisementsReceived',
  'rttMs',
  'time',
  'lateness',
  'lastErrors',
  'lastDiscarded',
  // Who came when is counted too; a time that is told by two clocks may move by a millisecond.
  'since',
]);

const isFailedCall = (error: unknown): error is Error =>
  error instanceof AgentNotReachable ||
  error instanceof ControlRefusal ||
  error instanceof UnexpectedAnswer;
