// `understudy events`: the last events of the running agent, or of its file when none runs; with
// --follow every one from then on. Rendering is in render/.
import { setTimeout as pause } from 'node:timers/promises';
import { readEvents } from '../event-history.js';
import { AgentNotReachable, createControlClient } from '../../control/client.js';
import type { EventRecord } from '../../model/status.js';
import { fail, failCall, failSettings } from '../failures.js';
import { locateSocket } from '../locate.js';
import { renderEvent } from '../render/event.js';
import { painter } from '../render/text.js';
import { EXIT, usesColour, type ConfigChoice, type Surroundings } from '../surroundings.js';

export interface EventChoice {
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** Prints events, oldest first. @returns the exit code. */
export async function showEvents(
  surroundings: Surroundings,
  config: ConfigChoice,
  choice: EventChoice,
): Promise<number> {
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  const print = printer(surroundings, choice);
  try {
    if (choice.follow === true) await follow(surroundings, config, located.socketPath, print);
    else {
      await createControlClient(located.socketPath).events({ follow: false, onRecord: print });
    }
    return EXIT.done;
  } catch (error) {
    const noneRuns = error instanceof AgentNotReachable && error.noneRuns;
    if (choice.follow === true || !noneRuns) return failCall(surroundings, config, error);
  }
  return showFile(surroundings, config, print);
}

type Print = (record: EventRecord) => void;

function printer(surroundings: Surroundings, { json }: EventChoice): Print {
  const paint = painter(usesColour(surroundings));
  return (record) => {
    const text = json === true ? JSON.stringify(record) : renderEvent(record, paint);
    surroundings.stdout.write(`${text}\n`);
  };
}

/** Until interrupted. An agent that goes away is waited for, once one has been there. */
async function follow(
  surroundings: Surroundings,
  config: ConfigChoice,
  socketPath: string,
  print: Print,
): Promise<void> {
  const { interrupted, watchIntervalMs = 500 } = surroundings;
  const client = createControlClient(socketPath);
  let last: string | undefined;
  let connected = false;
  let complained = false;
  const onRecord = (record: EventRecord): void => {
    last = record.time;
    complained = false;
    print(record);
  };
  while (surroundings.interrupted?.aborted !== true) {
    try {
      const since = last === undefined ? {} : { since: last };
      const signal = interrupted === undefined ? {} : { signal: interrupted };
      await client.events({ follow: true, onRecord, ...since, ...signal });
      connected = true;
    } catch (error) {
      if (!connected || !(error instanceof AgentNotReachable)) throw error;
      if (!complained) failCall(surroundings, config, error);
      complained = true;
    }
    const options = interrupted === undefined ? {} : { signal: interrupted };
    await pause(watchIntervalMs, undefined, options).catch(() => undefined);
  }
}

async function showFile(
  surroundings: Surroundings,
  config: ConfigChoice,
  print: Print,
): Promise<number> {
  const { loadSettings } = await import('../../config/load.js');
  const result = loadSettings(config.path);
  if (!result.ok) return failSettings(surroundings, result.errors, config.path);
  const history = readEvents(result.settings.stateDirectory);
  if (!history.ok) return fail(surroundings, EXIT.failed, history.message, history.remedy);
  surroundings.stderr.write(`no agent is running; these are from ${history.file}\n`);
  for (const record of history.records) print(record);
  if (history.unreadable > 0) {
    surroundings.stderr.write(`${history.unreadable} lines were not whole and are left out\n`);
  }
  return EXIT.done;
}
