// The sync service, a process: peers on one side, the agent on standard input and output on the other. It keeps what is
// shared in step; without an agent it ends. What it decides: keeper.ts.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { atomicWriteFile } from '../files/atomic-write.js';
import { keepHeapSmallest } from '../engine/heap.js';
import type { SyncOrder } from '../control/protocol.js';
import { readKeyFile } from '../host/peer-key.js';
import { syncNotesPath } from '../host/sync-notes.js';
import { encodeLine, lineReader } from '../json/lines.js';
import { settleLater } from '../kernel/settled.js';
import { laterIdly } from '../timers/later.js';
import { Keeper } from './keeper.js';
import { Ledger } from './ledger.js';
import { callPeer } from './peer-call.js';
import { PeerSlow, type PeerAnswer, type PeerRequest } from './exchange.js';
import { EXCHANGE_LIMIT_MS, openPeerServer, type PeerServer } from './peer-server.js';
import { syncKeys, type SyncKey } from './secret.js';
import {
  ALIVE_INTERVAL_MS,
  type AnswerOf,
  type FromService,
  type Question,
  type ServiceSettings,
  type ToService,
} from './service-protocol.js';
import { openSettingsFile } from './settings-file.js';
import { openStore } from './store.js';

process.title = 'understudy-sync';
keepHeapSmallest();
settleLater();

const STDOUT = 1;
const DONE = 0;
const FAILED = 1;
/** To write down what is to outlive it, in milliseconds. */
const ENDING_MS = 500;

/** How long a peer may still have the former HA port, in milliseconds. */
const OTHER_PORT_MS = 15_000;

let settings: ServiceSettings | null = null;
let otherPort = { port: 0, until: 0 };
let keys: readonly SyncKey[] = [];
let keeper: Keeper | null = null;
let server: PeerServer | null = null;
/** What the keeper and the server that are there were made for. */
let kept = '';
let served = '';
let turn: Promise<void> = Promise.resolve();

let asked = 0;
const waiting = new Map<number, (value: unknown) => void>();

function send(message: FromService): void {
  let rest = Buffer.from(encodeLine(message));
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(STDOUT, rest));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return send(message);
    // EPIPE: the agent is gone.
    process.exit(FAILED);
  }
}

function ask<Q extends Question>(question: Q): Promise<AnswerOf<Q['what']>> {
  const id = (asked += 1);
  return new Promise((resolve) => {
    waiting.set(id, resolve as (value: unknown) => void);
    send({ kind: 'ask', id, question });
  });
}

/** Where the HA port has just become another one, a peer may still have the former one, or have the new one already. */
async function callByName(
  name: string,
  request: PeerRequest,
  limitMs = EXCHANGE_LIMIT_MS,
): Promise<PeerAnswer> {
  const addresses = settings?.peers.find((one) => one.name === name)?.addresses ?? [];
  const endsAt = performance.now() + limitMs;
  const ports = [
    settings?.port ?? 0,
    ...(performance.now() < otherPort.until ? [otherPort.port] : []),
  ];
  let failure: unknown;
  for (const port of ports) {
    try {
      return await callPeer({ addresses, port }, keys, request, endsAt - performance.now());
    } catch (error) {
      // One that is there says more than one that is not.
      if (failure === undefined || error instanceof PeerSlow) failure = error;
    }
  }
  throw failure;
}

function keeperFor(wanted: ServiceSettings): Keeper {
  const { self, mode, stateDirectory, settingsFile } = wanted;
  const ledger = new Ledger(openStore(syncNotesPath(stateDirectory)), self);
  const lastGood = join(stateDirectory, 'last-good.yaml');
  const created: Keeper = new Keeper({
    self,
    mode,
    peers: wanted.peers.map(({ name }) => name),
    ledger,
    file: openSettingsFile(settingsFile, (names) => ask({ what: 'links', names })),
    apply: () => ask({ what: 'apply' }),
    keepGood: ({ mark, text }) =>
      atomicWriteFile(lastGood, `${mark}${text}`, { mode: 0o600, followsLink: false }).catch(
        () => undefined,
      ),
    alone: async (task) => {
      await ask({ what: 'turn' });
      try {
        return await task();
      } finally {
        send({ kind: 'turn-over' });
      }
    },
    isActive: () => ask({ what: 'active' }),
    call: callByName,
    announce: (version) => send({ kind: 'announce', version }),
    onStatus: () => send({ kind: 'status', status: created.status() }),
    onEvent: (event) => send({ kind: 'event', event }),
    later: laterIdly,
    wallClock: () => Date.now(),
  });
  return created;
}

/** Opens what these settings need, and closes what they do not. */
async function configure({ settings: wanted, how }: ToService & { kind: 'configure' }) {
  if (settings !== null && settings.port !== wanted.port) {
    otherPort = { port: settings.port, until: performance.now() + OTHER_PORT_MS };
  }
  settings = wanted;
  try {
    keys = syncKeys(readKeyFile(wanted.keyFile));
  } catch (error) {
    return send({ kind: 'problem', problem: (error as Error).message });
  }
  await serve(wanted);
  const { self, mode, peers, settingsFile, stateDirectory } = wanted;
  const wantedKeeper = JSON.stringify([self, mode, peers, settingsFile, stateDirectory]);
  if (wantedKeeper === kept) return keeper?.inForce();
  kept = wantedKeeper;
  await keeper?.end();
  keeper = keeperFor(wanted);
  return keeper.begin(how);
}

async function serve({ port, peers }: ServiceSettings): Promise<void> {
  const wanted = JSON.stringify([port, peers, keys.map(({ identity }) => identity)]);
  if (wanted === served && server !== null) return;
  server?.close();
  server = null;
  served = wanted;
  const names = new Map(
    peers.flatMap(({ name, addresses }) => addresses.map((address) => [address, name] as const)),
  );
  try {
    server = await openPeerServer({
      port,
      keys,
      peerAt: (address) => names.get(address) ?? null,
      answer: (peer, request) =>
        keeper?.answer(peer, request) ?? Promise.resolve({ kind: 'busy', detail: 'not ready' }),
      onRefused: (address, detail) => send({ kind: 'refused', address, detail }),
    });
    send({ kind: 'problem', problem: null });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem = `shared settings: TCP port ${port} cannot be had (${code}): end what listens there, or set another ha.port`;
    send({ kind: 'problem', problem });
  }
}

/** Proposals that nobody waits for any more. */
const givenUp = new Set<number>();

/** The agent waits, and nobody changes its settings meanwhile. */
async function propose({ id, proposed }: ToService & { kind: 'propose' }): Promise<void> {
  const value = await keeper?.propose(
    proposed,
    (noted) => ask({ what: 'apply-proposed', id, noted }),
    () => !givenUp.has(id),
  );
  givenUp.delete(id);
  send({ kind: 'done', id, value: value ?? null });
}

async function carryOut(order: SyncOrder): Promise<unknown> {
  if (keeper === null) return null;
  switch (order.kind) {
    case 'view':
      return keeper.view();
    case 'pull':
      return keeper.pull(order.peer);
    case 'push':
      return keeper.push(order.peers);
  }
}

function receive(message: ToService): void {
  switch (message.kind) {
    case 'configure':
      turn = turn.then(() => configure(message)).catch(fail);
      return;
    case 'told':
      void turn.then(() => keeper?.told(message.peer, message.version)).catch(fail);
      return;
    case 'lost':
    case 'found':
      void turn.then(() => keeper?.[message.kind](message.peer)).catch(fail);
      return;
    case 'propose':
      void turn.then(() => propose(message)).catch(fail);
      return;
    case 'give-up':
      givenUp.add(message.id);
      return;
    case 'order': {
      const { id } = message;
      void turn
        .then(() => carryOut(message.order))
        .then((value) => send({ kind: 'done', id, value }))
        .catch(fail);
      return;
    }
    case 'end':
      void turn.then(() => keeper?.confirm()).finally(() => process.exit(DONE));
      return;
    case 'answer':
      waiting.get(message.id)?.(message.value);
      waiting.delete(message.id);
  }
}

function fail(error: unknown): never {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(FAILED);
}

const read = lineReader((message) => receive(message as ToService));
process.stdin.setEncoding('utf8');
process.stdin.on('data', read);
// Told to end, it ends by itself; else the agent is gone, and what is not confirmed is to be taken back.
process.stdin.on('end', () => setTimeout(() => process.exit(DONE), ENDING_MS).unref());
process.on('SIGTERM', () => process.exit(DONE));
process.on('uncaughtException', fail);
setInterval(() => send({ kind: 'alive' }), ALIVE_INTERVAL_MS);
