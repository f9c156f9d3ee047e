// What agent and sync service say to each other: JSON, one message a line, over the service's standard input and
// output. Both ends are this package, so that the form is not checked. No process.
import type { SettingsError } from '../config/errors.js';
import type { SyncOrder } from '../control/protocol.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import type { SyncMode, SyncStatus } from '../model/status.js';
import type { Beginning, SyncEvent } from './keeper.js';
import type { Proposed } from './proposal.js';

/** What the service needs to know of the settings in force. */
export interface ServiceSettings {
  readonly self: string;
  readonly mode: SyncMode;
  /** The number of the HA port. */
  readonly port: number;
  readonly keyFile: string;
  readonly peers: readonly { readonly name: string; readonly addresses: readonly string[] }[];
  readonly settingsFile: string;
  readonly stateDirectory: string;
}

export type ToService =
  /** The agent runs with these now. */
  | { readonly kind: 'configure'; readonly settings: ServiceSettings; readonly how: Beginning }
  | { readonly kind: 'told'; readonly peer: string; readonly version: AnnouncedVersion | null }
  | { readonly kind: 'lost' | 'found'; readonly peer: string }
  /** A file that the agent has read and that is not in force yet: peers are to agree. It holds its turn. */
  | { readonly kind: 'propose'; readonly id: number; readonly proposed: Proposed }
  /** Nobody waits for that any more. */
  | { readonly kind: 'give-up'; readonly id: number }
  | { readonly kind: 'order'; readonly id: number; readonly order: SyncOrder }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  /** The agent is being stopped: what is not confirmed yet is well. */
  | { readonly kind: 'end' };

/** What the service asks the agent. */
export type Question =
  /** Let nobody else change settings, until `turn-over`. */
  | { readonly what: 'turn' }
  /** In that turn: read the file again; answered by what was refused. */
  | { readonly what: 'apply' }
  /**
   * Put in force what was proposed with this number; answered by what was refused. `noted`: should the service end now,
   * the next one takes it back.
   */
  | { readonly what: 'apply-proposed'; readonly id: number; readonly noted: boolean }
  | { readonly what: 'active' }
  /** Which of these interfaces this host does not have. */
  | { readonly what: 'links'; readonly names: readonly string[] };

interface AnswersByQuestion {
  readonly turn: null;
  readonly apply: readonly SettingsError[];
  readonly 'apply-proposed': readonly SettingsError[];
  readonly active: boolean;
  readonly links: readonly string[];
}
export type AnswerOf<Q extends Question['what']> = AnswersByQuestion[Q];

export type FromService =
  | {
      readonly kind: 'status';
      readonly status: SyncStatus;
    }
  | { readonly kind: 'announce'; readonly version: AnnouncedVersion }
  | { readonly kind: 'event'; readonly event: SyncEvent }
  /** What keeps it from working; null when nothing does. */
  | { readonly kind: 'problem'; readonly problem: string | null }
  /** Somebody was sent away by the server. */
  | { readonly kind: 'refused'; readonly address: string; readonly detail: string }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'turn-over' }
  | { readonly kind: 'alive' };

export const ALIVE_INTERVAL_MS = 5_000;
