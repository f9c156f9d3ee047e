// The prober process: monitors on one side, the agent on standard input and output on the other.
// Nothing of VRRP is known here; without an agent it ends, and with it all that it started.
import { writeSync } from 'node:fs';
import { keepHeapSmallest } from '../engine/heap.js';
import { settleLater } from '../kernel/settled.js';
import { BUILD } from '../model/build.js';
import {
  encodeMessage,
  messageReader,
  REPORT_INTERVAL_MS,
  type FromProber,
  type ToProber,
} from './prober-protocol.js';
import { createMonitors } from './running-monitors.js';
import { createWitness } from './running-witness.js';

process.title = 'understudy-prober';
keepHeapSmallest();
settleLater();

const STDOUT = 1;
const DONE = 0;
const FAILED = 1;

/** The last status told, by name. */
const told = new Map<string, string>();
let revision = 0;
let reporting = false;

const monitors = createMonitors({
  // More may change in the same turn of the loop.
  onChange: () => {
    if (reporting) return;
    reporting = true;
    queueMicrotask(() => {
      reporting = false;
      report();
    });
  },
  // At once: the agent must know before anything can happen to us.
  onGroup: (group, running) => send({ kind: 'group', group, running }),
});

const witness = createWitness((fact) => send({ kind: 'witness', revision, fact }));

function report(): void {
  const statuses = monitors.statuses().filter((status) => {
    const text = JSON.stringify(status);
    return told.get(status.name) !== text && told.set(status.name, text);
  });
  send({ kind: 'report', revision, statuses });
}

/** Waits for the agent when the pipe is full: what it has not read yet is not worth more probing. */
function send(message: FromProber): void {
  let rest = Buffer.from(encodeMessage(message));
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(STDOUT, rest));
  } catch {
    // EPIPE: the agent is gone.
    end(FAILED);
  }
}

function receive(message: ToProber): void {
  switch (message.kind) {
    case 'configure':
      revision = message.revision;
      monitors.configure(message.settings);
      witness.configure(message.settings);
      told.clear();
      report();
      return;
    case 'role':
      monitors.setRole(message.role);
      return;
    case 'ask-gateway':
      monitors.askGateway();
      return;
    case 'witness':
      witness.order(message.order);
  }
}

/** Scripts under way are killed, since nobody will learn of their result. */
function end(code: number): never {
  monitors.close();
  process.exit(code);
}

/** A lease that is to be given back is. One that is to be held ends by itself: who held it may yet have the addresses. */
function leave(): void {
  monitors.close();
  void witness.leave().then(() => end(DONE));
}

// An agent that an upgrade left running may start the program that lies there now. Agents of the releases before this
// question say nothing.
if (process.argv[2] !== BUILD) {
  process.stderr.write(
    'this prober is of another program than the agent, installed since its start; systemctl restart understudy, when a peer is fit and sound\n',
  );
  end(FAILED);
}
send({ kind: 'hello', build: BUILD });

const read = messageReader((message) => receive(message as ToProber));
process.stdin.setEncoding('utf8');
process.stdin.on('data', read);
process.stdin.on('end', () => leave());
process.on('SIGTERM', () => leave());
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  end(FAILED);
});
setInterval(report, REPORT_INTERVAL_MS);
