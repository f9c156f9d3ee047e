// `understudy events`: the last events of the running agent, or of its file when none runs; with
// --follow every one from then on; those that are asked for. Rendering is in render/.
import {
  isWanted,
  readFilter,
  select,
  strangeNames,
  type EventFilter,
  type FilterOptions,
} from '../event-filter.js';
import { KEPT_BY_AGENT, readEvents } from '../event-history.js';
import { AgentNotReachable, createControlClient } from '../../control/client.js';
import type { EventRecord } from '../../model/status.js';
import { fail, failCall, failSettings } from '../failures.js';
import { locateSocket } from '../locate.js';
import { renderEvent } from '../render/event.js';
import { harmless, painter } from '../render/text.js';
import { EXIT, usesColour, type ConfigChoice, type Surroundings } from '../surroundings.js';
import { waitToLook } from '../wait.js';

export interface EventChoice extends FilterOptions {
  readonly json?: boolean;
}

/** Prints events, oldest first. @returns the exit code. */
export async function showEvents(
  surroundings: Surroundings,
  config: ConfigChoice,
  choice: EventChoice,
): Promise<number> {
  const read = readFilter(choice, (surroundings.now ?? Date.now)());
  if (!read.ok) return fail(surroundings, EXIT.usage, read.message, read.remedy);
  const located = await locateSocket(config);
  if (!located.ok) return failSettings(surroundings, located.errors, config.path);
  const call: Call = {
    surroundings,
    config,
    socketPath: located.socketPath,
    filter: read.filter,
    print: printer(surroundings, choice),
  };
  try {
    if (choice.follow === true) await follow(call);
    else printSelected(call, await fromAgent(call));
    return EXIT.done;
  } catch (error) {
    const noneRuns = error instanceof AgentNotReachable && error.noneRuns;
    if (choice.follow === true || !noneRuns) return failCall(surroundings, config, error);
  }
  return showFile(call);
}

interface Call {
  readonly surroundings: Surroundings;
  readonly config: ConfigChoice;
  readonly socketPath: string;
  readonly filter: EventFilter;
  readonly print: (record: EventRecord) => void;
}

function printer(surroundings: Surroundings, { json }: EventChoice): Call['print'] {
  const paint = painter(usesColour(surroundings));
  const clock = { local: surroundings.isTerminal };
  return (record) => {
    const text = json === true ? JSON.stringify(record) : renderEvent(record, paint, clock);
    surroundings.stdout.write(`${text}\n`);
  };
}

function printSelected(
  { surroundings, filter, print }: Call,
  records: readonly EventRecord[],
): void {
  for (const hint of strangeNames(records, filter))
    surroundings.stderr.write(`${harmless(hint)}\n`);
  for (const record of select(records, filter)) print(record);
}

/** What the agent keeps and, when more is asked for, what its file has from before. */
async function fromAgent({
  surroundings,
  config,
  socketPath,
  filter,
}: Call): Promise<EventRecord[]> {
  const records: EventRecord[] = [];
  const onRecord = (record: EventRecord): void => void records.push(record);
  await createControlClient(socketPath).events({ follow: false, onRecord });
  const oldest = Date.parse(records[0]?.time ?? '');
  const asksForMore = filter.since !== null && oldest > filter.since;
  if (records.length < KEPT_BY_AGENT || !asksForMore) return records;
  const { loadSettings } = await import('../../config/load.js');
  const result = loadSettings(config.path);
  const history = result.ok ? readEvents(result.settings.stateDirectory, Infinity) : result;
  if (history.ok && 'records' in history) {
    return [...history.records.filter(({ time }) => Date.parse(time) < oldest), ...records];
  }
  surroundings.stderr.write(
    `the agent keeps the last ${KEPT_BY_AGENT}; older ones are in events.jsonl, which cannot be read\n`,
  );
  return records;
}

/** Until interrupted. An agent that goes away is waited for, once one has been there. */
async function follow(call: Call): Promise<void> {
  const { surroundings, config, socketPath, filter, print } = call;
  const { interrupted } = surroundings;
  const client = createControlClient(socketPath);
  let last: string | undefined;
  let connected = false;
  let complained = false;
  const onRecord = (record: EventRecord): void => {
    last = record.time;
    complained = false;
    if (isWanted(record, filter)) print(record);
  };
  if (filter.last !== null) {
    const past = await fromAgent(call);
    printSelected(call, past);
    last = past.at(-1)?.time;
    connected = true;
  }
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
    await waitToLook(surroundings);
  }
}

async function showFile(call: Call): Promise<number> {
  const { surroundings, config, filter } = call;
  const { loadSettings } = await import('../../config/load.js');
  const result = loadSettings(config.path);
  if (!result.ok) return failSettings(surroundings, result.errors, config.path);
  const most = filter.since === null ? KEPT_BY_AGENT : Infinity;
  const history = readEvents(result.settings.stateDirectory, most);
  if (!history.ok) return fail(surroundings, EXIT.failed, history.message, history.remedy);
  surroundings.stderr.write(`no agent is running; these are from ${history.file}\n`);
  printSelected(call, history.records);
  if (history.unreadable > 0) {
    surroundings.stderr.write(`${history.unreadable} lines were not whole and are left out\n`);
  }
  return EXIT.done;
}
