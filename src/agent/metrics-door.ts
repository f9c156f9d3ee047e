// The metrics for whoever scrapes, and the file for those who cannot ask: a status at most four times a second, made
// into text in small parts, so that no advertisement waits for it. What the metrics are is src/metrics.
import { unlink } from 'node:fs/promises';
import { CONTENT_TYPE, metricsParts } from '../metrics/metrics.js';
import type { Settings } from '../config/settings.js';
import type { Status } from '../model/status.js';
import { laterIdly, type Later } from '../timers/later.js';
import {
  createBackgroundFile,
  type BackgroundFile,
  type ReplaceFile,
} from '../files/background-file.js';

/** A text serves whoever asks within this time, in ms. */
export const METRICS_AGE_MS = 250;

/** Samples made in one turn of the loop: some tenths of a millisecond. */
export const SAMPLES_PER_TURN = 200;

export interface MetricsDoorOptions {
  readonly status: () => Status;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly onProblem: () => void;
  /** What is wrong with the file is told already, with what to do. */
  readonly isSaid?: () => boolean;
  readonly later?: Later;
  /** Resolves in another turn of the loop. */
  readonly nextTurn?: () => Promise<void>;
  readonly replace?: ReplaceFile | undefined;
}

export interface Metrics {
  readonly type: string;
  readonly bytes: Uint8Array;
}

export class MetricsDoor {
  readonly #options: MetricsDoorOptions;
  #made: { readonly at: number; readonly bytes: Uint8Array } | null = null;
  #making: Promise<Uint8Array> | null = null;
  #settings: Settings['metrics'] | null = null;
  #file: BackgroundFile | null = null;
  /** Ends the wait for the next writing. */
  #stopWaiting: (() => void) | null = null;

  constructor(options: MetricsDoorOptions) {
    this.#options = options;
  }

  /** The newest text, at most METRICS_AGE_MS old. All who ask while it is made get the same. */
  async metrics(): Promise<Metrics> {
    const { now } = this.#options;
    const known = this.#made;
    if (known !== null && now() - known.at < METRICS_AGE_MS) {
      return { type: CONTENT_TYPE, bytes: known.bytes };
    }
    this.#making ??= this.#make().finally(() => (this.#making = null));
    return { type: CONTENT_TYPE, bytes: await this.#making };
  }

  /** Why the file does not hold what it should; null as soon as it does. */
  problem(): string | null {
    const problem = this.#file?.problem() ?? null;
    if (problem === null || this.#options.isSaid?.() === true) return null;
    return `metrics.textfile: ${problem}`;
  }

  /** Writes the file of these settings from now on; one that they name no longer is removed. */
  configure(settings: Settings['metrics']): void {
    const { replace, onProblem } = this.#options;
    const before = this.#settings?.textfile ?? null;
    this.#settings = settings;
    this.#stopWaiting?.();
    this.#stopWaiting = null;
    if (before !== settings.textfile) {
      if (before !== null) void this.#remove(before);
      this.#file =
        settings.textfile === null
          ? null
          : // Its folder is another one's, who might put a link there: whoever may follow it, root may not.
            createBackgroundFile(settings.textfile, false, {
              replace,
              onProblem,
              mode: 0o644,
              followsLink: false,
            });
    }
    if (this.#file !== null) void this.#write();
  }

  /** Writes the last word: what is told in it is as old as its timestamp. */
  async close(): Promise<void> {
    this.#stopWaiting?.();
    const file = this.#file;
    this.#settings = null;
    if (file === null) return;
    this.#made = null;
    file.write(Buffer.from(await this.#make()).toString('utf8'));
    await file.flush();
  }

  async #write(): Promise<void> {
    const settings = this.#settings;
    const file = this.#file;
    const { later = laterIdly } = this.#options;
    if (settings === null || file === null) return;
    this.#stopWaiting = later(settings.interval, () => void this.#write());
    const { bytes } = await this.metrics();
    if (file === this.#file) file.write(Buffer.from(bytes).toString('utf8'));
  }

  async #remove(path: string): Promise<void> {
    // What is being written would come back.
    await this.#file?.abandon();
    await unlink(path).catch(() => undefined);
  }

  async #make(): Promise<Uint8Array> {
    const { status, now, nextTurn = afterThisTurn } = this.#options;
    const at = now();
    const texts: string[] = [];
    let samples = 0;
    for (const part of metricsParts(status())) {
      texts.push(part.text);
      samples += part.samples;
      if (samples < SAMPLES_PER_TURN) continue;
      samples = 0;
      await nextTurn();
    }
    const bytes = Buffer.from(texts.join(''));
    this.#made = { at, bytes };
    return bytes;
  }
}

const afterThisTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
