// What agent and command line say to each other over the control socket: paths, limits, answers.
// HTTP and JSON; no sockets here, no validation (schemas.ts), nothing that is slow to load.
import type { ChangeOutcome, ChangeRequest } from '../config/change.js';
import type { SettingsError, SettingsWarning } from '../config/errors.js';
import type { SetOutcome } from '../config/save.js';
import type { SettingsView } from '../config/setting-names.js';
import type { SyncView } from '../model/shared-settings.js';
import type { EventRecord, Status } from '../model/status.js';

export type { ChangeOutcome, ChangeRequest, SetOutcome, SettingsView, SyncView };

const SOCKET_NAME = 'control.sock';

/** The control socket of an agent with this runtime directory. */
export const controlSocketPath = (runtimeDirectory: string): string =>
  `${runtimeDirectory}/${SOCKET_NAME}`;

/** Every request there is: one path, one method. */
export const ENDPOINTS = {
  status: { method: 'GET', path: '/v1/status' },
  settings: { method: 'GET', path: '/v1/settings' },
  set: { method: 'POST', path: '/v1/set' },
  /** Several settings at once, on one version of the file; or only what that would do. */
  change: { method: 'POST', path: '/v1/change' },
  reload: { method: 'POST', path: '/v1/reload' },
  command: { method: 'POST', path: '/v1/command' },
  /** The settings that the group shares: how each peer stands, and all that differs. */
  sync: { method: 'GET', path: '/v1/sync' },
  pull: { method: 'POST', path: '/v1/sync/pull' },
  push: { method: 'POST', path: '/v1/sync/push' },
  /** JSON lines. `since`: only records after this time (ISO 8601); `follow=1`: goes on. */
  events: { method: 'GET', path: '/v1/events' },
  /** The exposition text, at the path where scrapers look for it. */
  metrics: { method: 'GET', path: '/metrics' },
} as const;
export type EndpointName = keyof typeof ENDPOINTS;

export interface SetRequest {
  readonly setting: string;
  readonly value: string;
}

/** What an operator can order, and the arguments each takes. */
export const COMMANDS = {
  failover: [],
  maintenance: ['on', 'off'],
  bypass: ['engage', 'release'],
  flaps: ['clear'],
} as const;
export type CommandName = keyof typeof COMMANDS;

export interface CommandRequest {
  readonly command: CommandName;
  /** One of COMMANDS[command]; absent when that is empty. */
  readonly argument?: string;
  /** Although no successor is fit and sound: for those of FORCIBLE. */
  readonly force?: boolean;
}

/** The orders that are refused while they would leave the role to nobody, unless forced. */
export const FORCIBLE: ReadonlySet<CommandName> = new Set(['failover', 'maintenance']);

/** What comes with an order beside its words. */
export interface OrderManner {
  readonly force: boolean;
  /** Who gives it, in words; empty when that is not known. */
  readonly by: string;
}

export type CommandOutcome =
  /** `detail`: what was done, one sentence for a person. */
  | { readonly ok: true; readonly detail: string }
  | {
      readonly ok: false;
      /** Stable for scripts to test. */
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
    };

/** What is done with settings that the group shares. */
export type SyncOrder =
  | { readonly kind: 'view' }
  | { readonly kind: 'pull'; readonly peer: string }
  /** To all peers when none is named. */
  | { readonly kind: 'push'; readonly peers: readonly string[] };

/** The body of `POST /v1/sync/pull`, and with or without the peer of `POST /v1/sync/push`. */
export interface SyncRequest {
  readonly peer?: string;
}

export type SyncOutcome =
  | Extract<CommandOutcome, { ok: true }>
  | (Extract<CommandOutcome, { ok: false }> & {
      /** What the settings were refused for. */
      readonly errors?: readonly SettingsError[];
    });

export type ReloadOutcome =
  | {
      readonly ok: true;
      readonly file: string;
      /** What was applied, one line each; empty when nothing differed. */
      readonly changes: readonly string[];
      readonly warnings: readonly SettingsWarning[];
      /** Of the warnings, what is wrong on this host although the settings are in force: `check` exits with 1 for it. */
      readonly unfit?: readonly SettingsWarning[];
    }
  | { readonly ok: false; readonly file: string; readonly errors: readonly SettingsError[] };

/** The body of every answer that is not a success. */
export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
  /** With 422: what is wrong with the settings in `file`. */
  readonly file?: string;
  readonly errors?: readonly SettingsError[];
  /** With `changed-meanwhile`: what the file says by now. */
  readonly now?: SettingsView;
}

/** What the agent does for a request. Called on its loop; must not block. */
export interface ControlHandlers {
  status(): Status;
  settings(): SettingsView;
  /** The exposition text and its media type; may be some hundred milliseconds old. */
  metrics(): Promise<{ readonly type: string; readonly bytes: Uint8Array }>;
  /** `setting` and `value` as typed at the command line. `by`: who gives the order, empty when that is not known. */
  set(setting: string, value: string, by: string): Promise<SetOutcome>;
  change(request: ChangeRequest, by: string): Promise<ChangeOutcome>;
  reload(by: string): Promise<ReloadOutcome>;
  /** Resolves when it is done or refused; name and argument have been checked against COMMANDS. */
  command(
    name: CommandName,
    argument: string | undefined,
    manner: OrderManner,
  ): Promise<CommandOutcome>;
  /** The view, or what became of the order. Absent where no settings are shared. */
  sync?(order: SyncOrder): Promise<SyncView | SyncOutcome>;
  /** The last events, oldest first. */
  events(): readonly EventRecord[];
  /** Calls `listener` with every event from now on; the returned function ends that. */
  follow(listener: (record: EventRecord) => void): () => void;
}

/** Bounds of the server. Times in milliseconds. */
export interface ControlLimits {
  readonly connections: number;
  /** Connections among them that follow the events. */
  readonly followers: number;
  /** What may wait for a follower that does not read, before it is dropped. */
  readonly followerBytes: number;
  readonly bodyBytes: number;
  readonly headerBytes: number;
  /** Until the header of a request is complete. */
  readonly headersTimeoutMs: number;
  /** Until a request is complete. */
  readonly requestTimeoutMs: number;
  /** Until a handler has answered. */
  readonly handlerTimeoutMs: number;
  /** Without any byte on the connection; bounds a client that does not read its answer. */
  readonly idleTimeoutMs: number;
}

export const CONTROL_LIMITS: ControlLimits = {
  connections: 32,
  followers: 8,
  followerBytes: 4 * 1024 * 1024,
  bodyBytes: 64 * 1024,
  headerBytes: 8 * 1024,
  headersTimeoutMs: 2_000,
  requestTimeoutMs: 4_000,
  handlerTimeoutMs: 8_000,
  idleTimeoutMs: 10_000,
};
