// What is wrong with a hook: the events, of a kind the first and then one a minute, and the line for health. Nothing
// is called here.
import type { EventFields } from '../model/status.js';
import type { Severity } from '../journal/journal.js';
import { createLimiter } from '../journal/limiter.js';

interface ComplaintsOptions {
  /** The name of the events. */
  readonly event: string;
  readonly onEvent: (severity: Severity, fields: EventFields) => void;
  /** What `problem` says has changed. */
  readonly onProblem: (problem: string | null) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

interface Complaint {
  readonly virtualRouter?: string;
  readonly reason: string;
  readonly detail: string;
  /** Of the call; the same in all its tries. */
  readonly eventId?: string;
}

export class Complaints {
  readonly #options: ComplaintsOptions;
  readonly #limiter = createLimiter();
  /** What went wrong with the last call, by subject. */
  readonly #problems = new Map<string, string>();
  #told: string | null = null;

  constructor(options: ComplaintsOptions) {
    this.#options = options;
  }

  /** For health: what is wrong with the latest calls; null when nothing is. */
  problem(): string | null {
    const [first] = this.#problems.values();
    if (first === undefined) return null;
    const others = this.#problems.size - 1;
    return others === 0 ? first : `${first} (and ${others} more)`;
  }

  /** How the last call for this subject went: null when it succeeded. */
  judge(subject: string, problem: string | null): void {
    this.#problems.delete(subject);
    if (problem !== null) this.#problems.set(subject, problem);
    this.#tell();
  }

  /** There is another hook: what was wrong with the former one is nobody's concern. */
  clear(): void {
    this.#problems.clear();
    this.#tell();
  }

  /** Records an event, unless one of this kind has been recorded within the last minute. */
  report(kind: string, fields: Complaint): void {
    const suppressed = this.#limiter.admit(kind, this.#options.now());
    if (suppressed === null) return;
    const { event, onEvent } = this.#options;
    onEvent('warn', { event, ...fields, ...(suppressed === 0 ? {} : { suppressed }) });
  }

  #tell(): void {
    const problem = this.problem();
    if (problem === this.#told) return;
    this.#told = problem;
    this.#options.onProblem(problem);
  }
}
