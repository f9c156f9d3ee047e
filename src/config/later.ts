// The values of settings that this release refuses. The one list: a value is lifted by deleting its
// line here. No checks: see structure.ts.

export interface LaterSetting {
  /** Path in the file; `[]` stands for any position in a list. */
  readonly path: string;
  /** Only this value is refused; the setting itself is in the schema. */
  readonly value: string | boolean;
}

export const LATER_SETTINGS: readonly LaterSetting[] = [
  { path: 'virtualRouters[].acceptMode', value: false },
  { path: 'virtualRouters[].virtualMac', value: true },
];

/** Whether the setting is available, but not with this value. */
export const isLaterValue = (path: string, value: unknown): boolean =>
  LATER_SETTINGS.some((later) => later.path === path && later.value === value);
