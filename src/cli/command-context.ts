// What the parts of the command line share while it is put together. Types only.
import type { Command } from 'commander';
import type { ConfigChoice, Surroundings } from './surroundings.js';

export interface ConfigOption {
  readonly config?: string;
}

export interface AnswerOptions extends ConfigOption {
  readonly json?: boolean;
}

/** Told the exit code of the command that was run. */
export type Finish = (code: number) => void;

export interface Context {
  readonly program: Command;
  /** A command that takes --config. */
  readonly add: (name: string, description: string) => Command;
  /** One that takes --json, too: its answer and its failures are one JSON object. */
  readonly addAnswering: (name: string, description: string) => Command;
  /** The surroundings of a command that was added so. */
  readonly answering: (options: AnswerOptions) => Surroundings;
  readonly chosen: (options: ConfigOption) => ConfigChoice;
  readonly surroundings: Surroundings;
  readonly finish: Finish;
}
