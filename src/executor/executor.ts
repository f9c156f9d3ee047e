// The agent's side of the executor, as an interface: it runs every script and keeps the last will,
// so that Node never forks. No decisions; no knowledge of virtual routers.
import type { Family, IpAddress } from '../model/address.js';
import type { Microseconds, Milliseconds } from '../model/units.js';

export interface Program {
  /** Program and arguments; the program is a path, no shell is involved. */
  readonly argv: readonly string[];
  /** Added to the executor's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunRequest extends Program {
  /** Handed to the program on stdin, which is then closed. */
  readonly input: string;
  /** After this the whole process group is killed (SIGKILL). */
  readonly timeout: Milliseconds;
}

export interface RunResult {
  readonly outcome:
    | { readonly kind: 'exited'; readonly code: number }
    | { readonly kind: 'signalled'; readonly signal: number }
    | { readonly kind: 'timed-out' }
    /** The program could not be started, or the executor is gone. */
    | { readonly kind: 'failed'; readonly message: string };
  /** The first 64 KiB each. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * What the executor does about an agent that lives and is silent: nothing renews its lease. All three
 * count from its last sign of life.
 */
export interface Silence {
  /** From then on the executor listens; a successor's advertisement now ends the lease. */
  readonly listenAfter: Milliseconds;
  /** Without a successor until then: the farewell, once. The addresses stay. */
  readonly farewellAfter: Milliseconds;
  /** SIGKILL, so that the agent's supervisor starts it again. */
  readonly killAfter: Milliseconds;
}

/**
 * What the executor does when the agent's pipe ends: send the farewell frames, keep the addresses
 * until every router in `successors` was seen advertised by somebody else (priority above 0) or the
 * time is over, then run the release script.
 */
export interface LastWill {
  /** Whole Ethernet frames: advertisements of priority 0. */
  readonly farewell: readonly { readonly linkIndex: number; readonly frame: Uint8Array }[];
  readonly successors: readonly {
    readonly linkIndex: number;
    readonly family: Family;
    readonly vrid: number;
  }[];
  /** Longest wait for a successor: Active_Down_Interval. */
  readonly keepAtMost: Milliseconds;
  readonly release: RunRequest;
  /** Netlink messages that put back what else was changed, once the release script has ended. */
  readonly settings: readonly Uint8Array[];
  /** null: silence has no consequence. */
  readonly lease: Silence | null;
  /** Whole seconds that the kernel keeps `addresses` unless they are renewed; 0: for ever. */
  readonly lifetime: number;
  /** What is renewed as long as it stands there. */
  readonly addresses: readonly {
    readonly linkIndex: number;
    readonly address: IpAddress;
    readonly prefixLength: number;
  }[];
}

export interface Executor {
  /** Runs the program; never rejects. Requests run side by side: order them by awaiting. */
  run(request: RunRequest): Promise<RunResult>;
  /** Replaces the last will; null means there is nothing to leave behind. */
  setWill(will: LastWill | null): void;
  /**
   * Keeps this program started, waiting for its stdin: a run of the same program, or such a release
   * of the last will, finds it ready. Given again it is started anew; null: none.
   */
  setStandby(program: Program | null): void;
  /**
   * The addresses of the will may stand until then, by CLOCK_BOOTTIME, whoever lives or hangs; it is put off again and
   * again. Null: for ever.
   */
  holdUntil(until: Microseconds | null): void;
  /**
   * A normal stop is the same path as a crash: runs the will (without its farewell frames when
   * `farewellSent`), then the executor exits. Resolves when it has.
   */
  finish(options: { readonly farewellSent: boolean }): Promise<void>;
}
