// `scripts/replay FILE`: gives a recording to the core and prints each event, the rows of the decision table that
// decided, and the effects. It judges nothing, and touches no network.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { parseRecording } from '../src/agent/recorder.js';
import { replayed, type ReplayedEvent } from './replay-text.js';

const USAGE = `usage: scripts/replay [--all] [--json] FILE

  FILE    a recording: \`kill -USR2\` of the agent writes recording.jsonl into its state directory
          (/var/lib/understudy), and so does an agent that ends by a fault of the program
  --all   also the events that changed nothing and led to nothing but a check of a peer
  --json  one line of JSON an event: when, the event, the decisions, the effects
`;

/** Exit codes as everywhere: 1 when the recording cannot be read, 2 for a wrong command line. */
function main(): void {
  const options = {
    all: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    fail(`${(error as Error).message}\n\n${USAGE}`, 2);
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) fail(`one FILE expected\n\n${USAGE}`, 2);
  for (const event of read(file)) {
    if (values.json === true) process.stdout.write(`${JSON.stringify(event.record)}\n`);
    else if (values.all === true || event.isTelling) process.stdout.write(`${event.text}\n`);
  }
}

function read(file: string): readonly ReplayedEvent[] {
  try {
    return replayed(parseRecording(readFileSync(file, 'utf8')));
  } catch (error) {
    fail(`${file}: expected a recording of this release, found: ${(error as Error).message}`, 1);
  }
}

function fail(message: string, code: number): never {
  process.stderr.write(`replay: ${message}\n`);
  process.exit(code);
}

main();
