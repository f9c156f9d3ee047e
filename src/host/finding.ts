// One thing of a host that does not fit the settings. What does not is in findings.ts.

export interface HostFinding {
  /** The setting: `hooks.transition`; `needs-restart` where it is the program itself. */
  readonly path: string;
  /**
   * `wrong`: it is there and cannot work, an error of `check` and a reason in health. `missing`: it may come
   * later, a warning and a reason in health. `advice`: a warning; what may come of it has a reason of its own.
   */
  readonly level: 'wrong' | 'missing' | 'advice';
  readonly message: string;
}

export const advice = (path: string, message: string): HostFinding => ({
  path,
  level: 'advice',
  message,
});
