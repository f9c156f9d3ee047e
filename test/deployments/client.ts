// The client of a deployment, which asks all the time: who answers, and whether all is answered again. Nothing is broken
// or judged here.
import { now } from '../../scripts/lab/clock.js';
import type { ProbeReport } from '../../scripts/lab/probe-record.js';
import type { Prober, ProbeWindow } from '../../scripts/lab/prober.js';
import { answerersIn, type Part } from './part.js';

/** Only to end a hang: nothing is judged by it. */
export const PATIENCE_MS = 120_000;
/** So long it goes on asking before and after something is done. */
export const CALM_MS = 500;
/** So many good answers say who answers. */
const ENOUGH = 20;

type Reports = Readonly<Record<string, ProbeReport>>;

export class Client {
  readonly #prober: Prober;

  constructor(prober: Prober) {
    this.#prober = prober;
  }

  open(): Promise<ProbeWindow> {
    return this.#prober.open();
  }

  /** What becomes of all that is asked for a while; it may last as long as a request may. */
  async #tail(ms = CALM_MS): Promise<Reports> {
    const window = await this.#prober.open();
    await rest(ms);
    return window.close();
  }

  /** What was asked before anybody could answer keeps it busy for a while. @throws Error when all is not answered in time. */
  async allAnswered(): Promise<void> {
    const until = now() + PATIENCE_MS;
    for (;;) {
      const reports = Object.values(await this.#tail());
      if (reports.every(({ sent, lost }) => sent > 0 && lost === 0)) return;
      if (now() > until) {
        const lost = reports.map((report) => `${report.lost} of ${report.sent}`).join(', ');
        throw new Error(`every request answered expected before anything is broken, lost: ${lost}`);
      }
    }
  }

  /** The instances that answer what is asked from now on, for a while: each has its turn by then. */
  async answerers(): Promise<string[]> {
    for (let ms = CALM_MS; ; ms *= 2) {
      const reports = await this.#tail(ms);
      const good = Object.values(reports).reduce((sum, { sent, lost }) => sum + sent - lost, 0);
      if (good >= ENOUGH || ms > PATIENCE_MS / 10) return answerersIn(reports);
    }
  }

  /**
   * Resolves when just these instances have answered for a while. @throws Error when they do not in time.
   */
  async answering(names: readonly string[]): Promise<void> {
    const until = now() + PATIENCE_MS;
    for (;;) {
      const seen = await this.answerers();
      if (seen.join() === names.join()) return;
      if (now() > until) {
        throw new Error(`expected answers of ${names.join(', ')}; last seen: ${seen.join(', ')}`);
      }
    }
  }

  /**
   * Who answers when everything that is asked for is answered again, by those that must; null of what is dark. The next
   * part must not take from this one what is still under way. What does not come is judged.
   */
  async servedInTheEnd({ dark, answering }: Part): Promise<string[] | null> {
    const until = now() + PATIENCE_MS;
    if (dark === true) {
      await rest(CALM_MS);
      return null;
    }
    for (;;) {
      const reports = await this.#tail();
      const seen = answerersIn(reports);
      const good = Object.values(reports).every(
        ({ sent, lost, goodAgainAt }) => sent > 0 && (lost === 0 || goodAgainAt !== null),
      );
      if (good && (answering === undefined || answering.join() === seen.join())) return seen;
      if (now() > until) return seen;
    }
  }
}

export const rest = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
