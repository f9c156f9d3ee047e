// One target fed in a thread of its own: whoever started it sees which input is being taken, also one without an end.
import { parentPort, workerData } from 'node:worker_threads';
import { readCorpus } from './corpus.js';
import { fuzz, shrunk, type Account } from './fuzz.js';
import { TARGETS } from './targets.js';

export interface Order {
  readonly name: string;
  readonly seed: number;
  /** Whichever comes first. */
  readonly ms: number;
  readonly executions: number;
  readonly boundMs: number;
  /** The numbers of SEEN, and the input that is being taken behind them. */
  readonly seen: SharedArrayBuffer;
}

/** Where each number stands in `Order.seen`. `enough`: written by whoever started it, which then gets its report. */
export const SEEN = { done: 0, length: 1, outcomes: 2, kept: 3, enough: 4 } as const;

/** Of `Order.seen`, in bytes. */
export const SEEN_HEADER = 4 * Object.keys(SEEN).length;

export interface Report extends Omit<Account, 'failure'> {
  readonly ms: number;
  readonly failure: { readonly input: Uint8Array; readonly text: string } | null;
}

async function obey({ name, seed, ms, executions, boundMs, seen }: Order): Promise<Report> {
  const target = TARGETS.find((one) => one.name === name);
  if (target === undefined) throw new Error(`a target expected, found ${name}`);
  const counts = new Int32Array(seen, 0, SEEN_HEADER / 4);
  const bytes = new Uint8Array(seen, SEEN_HEADER);
  const { stackTraceLimit } = Error;
  // Most inputs are refused, and what refuses them often throws: the stack costs more than all the rest.
  Error.stackTraceLimit = 0;
  const startedAt = performance.now();
  const account = await fuzz(target, seed, {
    goOn: (done) =>
      done < executions && performance.now() - startedAt < ms && counts[SEEN.enough] === 0,
    corpus: readCorpus(name),
    boundMs,
    onInput: (input) => {
      bytes.set(input.subarray(0, bytes.length));
      counts[SEEN.length] = input.length;
      Atomics.add(counts, SEEN.done, 1);
    },
    onNew: (outcomes, kept) => {
      counts[SEEN.outcomes] = outcomes;
      counts[SEEN.kept] = kept;
    },
  });
  const took = performance.now() - startedAt;
  Error.stackTraceLimit = stackTraceLimit;
  const { failure, ...rest } = account;
  if (failure === null) return { ...rest, ms: took, failure };
  const { input, error } = await shrunk(target, failure);
  return { ...rest, ms: took, failure: { input, text: error.stack ?? error.message } };
}

// Nothing is transferred: all of it is copied.
parentPort?.postMessage(await obey(workerData as Order), []);
