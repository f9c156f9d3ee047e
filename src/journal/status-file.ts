// status.json: rewritten when something that a person or a program may act upon looks different, and
// never more than a few times a second, whatever arrives. It asks for the status; it derives none.
import type { Status } from '../model/status.js';
import { later as realLater, type Later } from '../timers/later.js';
import type { BackgroundFile } from '../files/background-file.js';

/** Between two writes, and between two looks at whether there is something to write, in ms. */
export const STATUS_GAP_MS = 250;

/**
 * A look takes longer the more virtual routers there are, and nearly always finds nothing: with
 * hundreds it is taken less often, so that it is a small part of what the protocol thread does.
 */
const LOOK_MS_PER_ROUTER = 10;

/** The same while nothing new is heard: twice as long, but no longer than this, in ms, unless that is longer. */
const PATIENT_LOOK_MS = 5_000;

/** Between two looks as long as nothing was heard that had not been heard before, in ms: the clock alone changes little. */
export const QUIET_GAP_MS = 2_000;

export class StatusFile {
  readonly #file: BackgroundFile;
  readonly #status: () => Status;
  readonly #later: Later;
  /** What the file shows; a write is due when it is another than this, or `#must`. */
  #shown = '';
  #must = false;
  /** Virtual routers in it when it was last looked at. */
  #routers = 0;
  #soon = false;
  /** Ends the wait for the next look; null while there is none. */
  #cancel: (() => void) | null = null;
  /** The next look is one for which there was no news. */
  #patient = false;
  /** Written less than a gap ago. */
  #resting = false;
  #ended = false;

  constructor(file: BackgroundFile, status: () => Status, later: Later = realLater) {
    this.#file = file;
    this.#status = status;
    this.#later = later;
  }

  /** Something has changed: written in this turn of the loop, or as soon as the gap is over. */
  changed(): void {
    this.#must = true;
    if (this.#resting || this.#soon || this.#ended) return;
    this.#soon = true;
    // What comes in the same turn is in the same write.
    setImmediate(() => {
      this.#soon = false;
      if (this.#must) this.#look();
    });
  }

  /**
   * Something was heard or measured, and may have changed: looked at after the gap, or after 10 ms for
   * each virtual router. Costs next to nothing.
   * @param news whether it is another thing than before; else nobody is in a hurry.
   */
  stirred(news = true): void {
    const isSoonEnough = this.#cancel !== null && !(news && this.#patient);
    if (isSoonEnough || this.#ended) return;
    const soon = Math.max(STATUS_GAP_MS, LOOK_MS_PER_ROUTER * this.#routers);
    const patient = Math.max(soon, QUIET_GAP_MS, Math.min(2 * soon, PATIENT_LOOK_MS));
    this.#wait(news ? soon : patient);
    this.#patient = !news;
  }

  problem(): string | null {
    return this.#file.problem();
  }

  /** Writes the last word; nothing is written afterwards. */
  async end(): Promise<void> {
    this.#must = true;
    this.#look();
    this.#ended = true;
    this.#cancel?.();
    await this.#file.flush();
  }

  #wait(ms: number): void {
    this.#cancel?.();
    this.#patient = false;
    this.#cancel = this.#later(ms, () => {
      this.#cancel = null;
      this.#resting = false;
      this.#look();
    });
  }

  #look(): void {
    if (this.#ended) return;
    const status = this.#status();
    this.#routers = status.virtualRouters.length;
    const appearance = appearanceOf(status);
    if (!this.#must && appearance === this.#shown) return;
    this.#must = false;
    this.#shown = appearance;
    this.#resting = true;
    this.#wait(STATUS_GAP_MS);
    this.#file.write(`${JSON.stringify(status, null, 2)}\n`);
  }
}

/**
 * What must not be stale in the file: states, not measurements. Ages, counters, round trips and the
 * numbers in a detail move with every packet; they are as of the last write. This is looked at four
 * times a second, so it is a plain copy without them: a replacer is called for each of thousands of values.
 */
function appearanceOf(status: Status): string {
  const { health, virtualRouters, interfaces, peers, monitors, ...others } = status;
  const { haPort: _port, time: _time, lateness: _lateness, ...rest } = others;
  return JSON.stringify([
    rest,
    // The reasons quote details.
    [health.state, health.reasons.length],
    virtualRouters.map(
      ({ counters: _counters, lastAdvertisementAgeMs: _age, ...router }) => router,
    ),
    interfaces.map(({ discarded: _discarded, lastDiscarded: _last, ...link }) => link),
    peers.map(({ paths, ...peer }) => [peer, paths.map(({ rttMs: _rtt, ...path }) => path)]),
    monitors.map(({ name, state, weight }) => [name, state, weight]),
  ]);
}
