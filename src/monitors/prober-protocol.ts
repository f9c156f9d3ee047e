// What agent and prober say to each other: JSON, one message a line, over the prober's standard
// input and output. No process, no meaning.
import { encodeLine, lineReader } from '../json/lines.js';
import type { MonitorStatus } from '../model/monitor.js';
import type { WitnessFact, WitnessOrder } from '../model/witness.js';
import type { ProberRole, ProberSettings } from './settings.js';

export type ToProber =
  | { readonly kind: 'configure'; readonly revision: number; readonly settings: ProberSettings }
  | { readonly kind: 'role'; readonly role: ProberRole }
  /** Ask the gateways at once and at short distance. */
  | { readonly kind: 'ask-gateway' }
  /** What to do with the lease of the witness, until another order. */
  | { readonly kind: 'witness'; readonly order: WitnessOrder };

export type FromProber =
  /** The first: which build of the program it is. Of another one than the agent's, it is ended. */
  | { readonly kind: 'hello'; readonly build: string }
  /**
   * The statuses that changed; all of them after `configure`. Sent at once when a state changed or
   * became doubtful, and every REPORT_INTERVAL_MS even if nothing did, which shows that the prober is alive.
   */
  | {
      readonly kind: 'report';
      /** Of the settings these monitors are from. */
      readonly revision: number;
      readonly statuses: readonly MonitorStatus[];
    }
  /** After each question to the witness that these settings name. */
  | { readonly kind: 'witness'; readonly revision: number; readonly fact: WitnessFact }
  /** A process group of a script began or ended: whoever outlives the prober kills those running. */
  | { readonly kind: 'group'; readonly group: number; readonly running: boolean };

export const REPORT_INTERVAL_MS = 1_000;

export const encodeMessage = (message: ToProber | FromProber): string => encodeLine(message);

/** Cuts a stream into messages: `lineReader`. Both ends are of one build, as the first message says. */
export const messageReader = lineReader;
