// What a command has around it: streams, environment, the agent's entry points. Everything a test
// wants to replace is here. No behaviour of any command.

export interface TextSink {
  write(text: string): unknown;
}

export interface Surroundings {
  /** Runs the agent in the foreground with the settings at `configPath`; answers the exit code. */
  run(configPath: string): Promise<number>;
  /** Removes the addresses an agent may have left; answers the exit code. */
  release(configPath: string): Promise<number>;
  /**
   * As root, becomes whoever may change what these files hold or where they lead: the command writes with that
   * one's rights. @throws an Error that says what to do when there are several.
   */
  actAsOwner(...paths: string[]): Promise<void>;
  /**
   * Writes a new shared secret to `path`, with `force` over one that stands there.
   * @throws an Error whose message says what was expected, what was found and what to do.
   */
  keygen(path: string, force: boolean): Promise<void>;
  /**
   * Puts a new shared secret in front of the one at `path`, which becomes the former one.
   * @returns the digest of the new one. @throws as `keygen` does.
   */
  rotateKey(path: string): Promise<string>;
  /**
   * Takes the former secret out of the file at `path`.
   * @returns the digest of the one that stays. @throws as `keygen` does.
   */
  retireKey(path: string): Promise<string>;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** --json: answers and failures are one JSON object on stdout. */
  readonly json?: boolean;
  /** Whether stdout is a terminal: colour, and a screen that can be redrawn. */
  readonly isTerminal: boolean;
  /** Columns of the terminal; undefined when stdout is none. */
  readonly columns?: number | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Wall time, milliseconds since 1970; default the clock. */
  readonly now?: () => number;
  /** Ends what waits; default never (a signal ends the process). */
  readonly interrupted?: AbortSignal;
  /** The demonstration that `demo` starts; default scripts/demo of this package. */
  readonly demoScript?: string;
  /** What `--watch`, `--follow` and `--wait` wait before they look again, in milliseconds; default 500. */
  readonly watchIntervalMs?: number;
}

/** The exit codes of every command. */
export const EXIT = { done: 0, failed: 1, usage: 2, notReachable: 3 } as const;

/** Where a command finds its settings. */
export interface ConfigChoice {
  /** Absolute. */
  readonly path: string;
  /** Named by --config, so that its absence is an error. */
  readonly explicit: boolean;
}

/** On a terminal, unless NO_COLOR is set (to anything) or the terminal cannot. */
export const usesColour = ({ isTerminal, environment }: Surroundings): boolean =>
  isTerminal && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
