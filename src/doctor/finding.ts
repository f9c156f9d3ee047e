// What the doctor says: one thing that was looked at, how it is, by which evidence, and what mends it. No looking.

export type Level = 'ok' | 'warning' | 'failure';

/** A file that `--fix` writes; it adds, and changes nothing that stands. */
export interface DropIn {
  readonly path: string;
  readonly text: string;
  /** The command that makes it count. */
  readonly apply: string;
}

export interface DoctorFinding {
  /** Stable, for programs: `networkd`, `rp-filter`. */
  readonly id: string;
  readonly level: Level;
  /** One sentence. */
  readonly message: string;
  /** Files, values, packets, rules; each on a line of its own. */
  readonly evidence: readonly string[];
  /** Commands; empty when nothing is wrong. */
  readonly remedy: readonly string[];
  readonly dropIn?: DropIn;
}

export const sound = (id: string, message: string): DoctorFinding => ({
  id,
  level: 'ok',
  message,
  evidence: [],
  remedy: [],
});

/** What is wrong, or that it is sound. */
export const orSound = (
  found: readonly DoctorFinding[],
  id: string,
  message: string,
): readonly DoctorFinding[] => (found.length > 0 ? found : [sound(id, message)]);
