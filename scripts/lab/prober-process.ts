// The probing client: a process of its own in namespace `c` that sends echo requests or HTTP requests on
// a fixed schedule and answers questions about windows of time. No judgement: see probe-record.ts.
import http from 'node:http';
import process from 'node:process';
import { parseAddress } from '../../src/model/address.js';
import { openEcho } from '../../src/monitors/echo.js';
import { now } from './clock.js';

import { ProbeRecord, type ProbeReport } from './probe-record.js';
import { ProbeSchedule } from './probe-schedule.js';

/** Echo requests to an address, which is also the name of its report. */
export interface EchoTarget {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
}

/** HTTP requests, each on a connection of its own, never repeated; good when the status is 200. */
export interface RequestTarget {
  /** The name of its report. */
  readonly name: string;
  readonly url: string;
  /** GET unless given. */
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** What a POST sends. */
  readonly body?: string;
}

export type ProbeTarget = EchoTarget | RequestTarget;

const nameOf = (target: ProbeTarget): string => ('url' in target ? target.name : target.address);

export interface ProbePlan {
  readonly targets: readonly ProbeTarget[];
  readonly periodMs: number;
  readonly timeoutMs: number;
}

/** Opens or closes the window with this number. */
export type ProberRequest =
  | { readonly kind: 'open'; readonly window: number }
  | { readonly kind: 'close'; readonly window: number };

export type ProberMessage =
  /** The first reply of every target has arrived or is no longer waited for: probing goes on. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'opened'; readonly window: number; readonly at: number }
  | {
      readonly kind: 'report';
      readonly window: number;
      /** By the target's name. */
      readonly reports: Readonly<Record<string, ProbeReport>>;
    }
  /** Sending failed for the first time with this message. */
  | { readonly kind: 'trouble'; readonly target: string; readonly message: string };

interface Probed {
  readonly target: ProbeTarget;
  readonly record: ProbeRecord;
  readonly send: (sequence: number) => void;
}

const probed = (target: ProbeTarget, index: number, plan: ProbePlan): Promise<Probed> =>
  'url' in target ? Promise.resolve(requested(target, plan)) : echoed(target, index, plan);

/** Who answered stands in the header \`x-served-by\`, which the back ends of the lab send. */
function requested(target: RequestTarget, plan: ProbePlan): Probed {
  const record = new ProbeRecord(plan.timeoutMs);
  const { url, method = 'GET', headers = {}, body } = target;
  const send = (sequence: number): void => {
    const fail = (reason: string): void => record.failed(sequence, reason);
    const options = {
      method,
      agent: false as const,
      headers: { ...headers, connection: 'close' },
      timeout: plan.timeoutMs,
    };
    const request = http.request(url, options, (response) => {
      const { statusCode = 0 } = response;
      const by = response.headers['x-served-by'];
      response.resume();
      response.once('error', (error) => fail(describe(error)));
      response.once('end', () => {
        if (statusCode !== 200) fail(`status ${statusCode}`);
        else record.replied(sequence, now(), typeof by === 'string' ? by : undefined);
      });
    });
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    request.once('error', (error) => fail(describe(error)));
    request.end(body);
  };
  return { target, record, send };
}

/** Node says ECONNRESET of much that is no reset: closed in good order without an answer, or amid one. */
const HANG_UPS: Readonly<Record<string, string>> = {
  'socket hang up': 'closed unanswered',
  aborted: 'cut short',
};

const describe = ({ code, message }: NodeJS.ErrnoException): string =>
  HANG_UPS[message] ?? code ?? message;

async function echoed(target: EchoTarget, index: number, plan: ProbePlan): Promise<Probed> {
  const record = new ProbeRecord(plan.timeoutMs);
  const destination = parseAddress(target.address);
  if (destination === null) throw new Error(`expected an address, found "${target.address}"`);
  const troubles = new Set<string>();
  const trouble = (message: string): void => {
    if (troubles.has(message)) return;
    troubles.add(message);
    tell({ kind: 'trouble', target: target.address, message });
  };
  const opening = await openEcho(target.family, {
    identifier: (process.pid + index * 0x1000) & 0xffff,
    onReply: (sequence, source) => {
      if (source === destination) record.replied(sequence, now());
    },
    onError: trouble,
  });
  if (opening.kind === 'unavailable') throw new Error(opening.reason);
  const { echo } = opening;
  const send = (sequence: number): void => {
    const sent = echo.send(destination, sequence);
    if (!sent.ok) trouble(sent.reason);
  };
  return { target, record, send };
}

const tell = (message: ProberMessage): void => void process.send?.(message);

async function start(plan: ProbePlan): Promise<void> {
  const all = await Promise.all(plan.targets.map((target, index) => probed(target, index, plan)));
  const beginning = now();
  const schedules = all.map(
    ({ target }) => new ProbeSchedule(beginning, plan.periodMs, 'url' in target),
  );
  const windows = new Map<number, readonly number[]>();

  const tick = (): void => {
    const at = now();
    for (const [index, { record, send }] of all.entries()) {
      for (const dueAt of schedules[index]?.take(at) ?? []) {
        const sequence = record.count & 0xffff;
        record.sent(at, dueAt);
        send(sequence);
      }
    }
    const next = Math.min(...schedules.map(({ nextAt }) => nextAt));
    setTimeout(tick, Math.max(0, next - now()));
  };

  const close = (window: number, ends: readonly number[]): void => {
    if (!all.every(({ record }, index) => record.settled(ends[index] ?? 0, now()))) {
      setTimeout(() => close(window, ends), 5);
      return;
    }
    const begins = windows.get(window) ?? [];
    const reports = all.map(({ target, record }, index) => [
      nameOf(target),
      record.report(begins[index] ?? 0, ends[index] ?? 0),
    ]);
    tell({ kind: 'report', window, reports: Object.fromEntries(reports) });
  };

  process.on('message', (request: ProberRequest) => {
    const counts = all.map(({ record }) => record.count);
    if (request.kind === 'close') return close(request.window, counts);
    windows.set(request.window, counts);
    tell({ kind: 'opened', window: request.window, at: now() });
  });
  process.once('disconnect', () => process.exit(0));
  tick();
  tell({ kind: 'ready' });
}

void start(JSON.parse(process.argv[2] ?? '') as ProbePlan);
