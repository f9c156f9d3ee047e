// The gateway of one appliance, as its prober asks for it: when it is in doubt, and when it is sure. What follows is the
// core's.
import type { Surroundings } from './appliance.js';

/** How the gateway is asked, and how a question is judged that is asked at once. */
export const GATEWAY = { interval: 100_000, judged: 50_000, failures: 3, hasty: 5_000 } as const;

type Say = (word: 'doubtful' | 'failed') => void;

export class Gateway {
  readonly #around: Pick<Surroundings, 'agenda' | 'chance' | 'now'>;
  readonly #isKnownLost: () => boolean;
  #lost: { readonly say: Say } | null = null;

  constructor(around: Pick<Surroundings, 'agenda' | 'chance' | 'now'>, isKnownLost: () => boolean) {
    this.#around = around;
    this.#isKnownLost = isKnownLost;
  }

  /**
   * It does not answer any more: the prober is in doubt after its next question, and sure after GATEWAY.failures of
   * them; much sooner when it is told to ask at once.
   */
  lose(say: Say): void {
    const { chance } = this.#around;
    this.#lost = { say };
    this.#find(GATEWAY.judged + chance.between(0, GATEWAY.interval), GATEWAY.interval);
  }

  /** It answers again. */
  regain(): void {
    this.#lost = null;
  }

  askAtOnce(): void {
    this.#find(GATEWAY.hasty, GATEWAY.hasty);
  }

  #find(first: number, apart: number): void {
    const lost = this.#lost;
    if (lost === null) return;
    const tell = (word: 'doubtful' | 'failed') => () => {
      if (this.#lost === lost && !this.#isKnownLost()) lost.say(word);
    };
    const { agenda } = this.#around;
    const at = this.#around.now() + first;
    agenda.add(at, 0, tell('doubtful'));
    agenda.add(at + (GATEWAY.failures - 1) * apart, 0, tell('failed'));
  }
}
