// What the two appliances said to each other while something was observed, by the second one's kernel: what it
// received from the first, and what it sent. Whatever becomes of the cables, it goes on listening. No verdicts.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { now } from '../../scripts/lab/clock.js';
import type { ApplianceName, Network } from '../../scripts/lab/network.js';
import { startTcpdump } from '../../scripts/lab/tcpdump.js';
import { pausedBefore } from '../net/verdicts.js';

export interface Word {
  /** By the kernel's clock, milliseconds since the epoch. */
  readonly at: number;
  readonly from: ApplianceName;
  /** A farewell is the executor's, for an agent that is silent, dead or about to stop; the others are an agent's own. */
  readonly what: 'advertisement' | 'farewell' | 'ha-message';
}

/** Time, interface and direction of a line of `tcpdump -i any -n -tt`: only `Out` is the sender's. */
const HEAD = /^(\d+\.\d+) \S+ +(In|Out|B|M|P) +IP/;
const ADVERTISEMENT = /: VRRPv3, Advertisement, vrid \d+, prio (\d+),/;
const HA_MESSAGE = /\.7112: UDP, length \d+/;

/** Reads such a line, captured at `b`; null when it is none of these. */
export function parseWord(line: string): Word | null {
  const head = HEAD.exec(line);
  if (head === null) return null;
  const said = ADVERTISEMENT.exec(line);
  if (said === null && !HA_MESSAGE.test(line)) return null;
  const of = said?.[1] === '0' ? 'farewell' : 'advertisement';
  return {
    at: Number(head[1]) * 1000,
    from: head[2] === 'Out' ? 'b' : 'a',
    what: said === null ? 'ha-message' : of,
  };
}

/** Whether an appliance said nothing of its own in the last moments before `at`, and spoke again. */
export const wasSilent = (words: readonly Word[], name: ApplianceName, at: number): boolean =>
  pausedBefore(
    words.filter(({ from, what }) => from === name && what !== 'farewell'),
    at,
  );

/** Only to end a hang. */
const PATIENCE_MS = 120_000;

export class Words {
  readonly #said: Word[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error('tcpdump has an output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const word = parseWord(line);
      if (word !== null) this.#said.push(word);
    });
  }

  /** Resolves when tcpdump listens. @throws Error with its words when it does not. */
  static async listen(network: Network): Promise<Words> {
    const filter = 'ip proto 112 or udp dst port 7112';
    const { child } = await startTcpdump(network, 'b', 'any', ['-l', '-n', '-tt', filter]);
    return new Words(child);
  }

  /** Those from then on, in order. */
  since(from: number): Word[] {
    return this.#said.filter(({ at }) => at >= from);
  }

  /** Whether all that was said till then has been read, by a word that came later. */
  readUntil(at: number): boolean {
    return (this.#said.at(-1)?.at ?? 0) > at;
  }

  /** Resolves when an appliance has said so much more at the HA port. */
  async hear(name: ApplianceName, count: number): Promise<void> {
    const from = now();
    for (;;) {
      const said = this.since(from).filter(
        (word) => word.from === name && word.what === 'ha-message',
      );
      if (said.length >= count) return;
      if (now() - from > PATIENCE_MS) {
        throw new Error(`expected ${count} messages of ${name}; last seen: ${said.length}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
