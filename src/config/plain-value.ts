// A value of a settings file, and how YAML writes it. No document.

/** A word, a number, a switch, or a list of them. */
export type PlainValue = string | number | boolean | readonly PlainValue[];

/** An item of a list of sections: one virtual router, one check. */
export interface PlainItem {
  readonly [key: string]: PlainValue | PlainItem;
}

/** Words that YAML 1.2 takes for something else. */
const SPECIAL = /^(?:true|false|null)$/i;

/** The value as YAML, quoted wherever it could be taken for something else. */
export function asText(value: PlainValue): string {
  if (typeof value === 'object') return `[${value.map(asText).join(', ')}]`;
  if (typeof value !== 'string') return String(value);
  return /^[A-Za-z][A-Za-z0-9_.-]*$/.test(value) && !SPECIAL.test(value)
    ? value
    : JSON.stringify(value);
}

/** The item as YAML, in one line. */
export const asItem = (item: PlainItem): string =>
  `{ ${Object.entries(item)
    .map(([key, value]) => `${key}: ${isItem(value) ? asItem(value) : asText(value)}`)
    .join(', ')} }`;

export const isItem = (value: PlainValue | PlainItem | undefined): value is PlainItem =>
  typeof value === 'object' && !Array.isArray(value);
