// The text that Prometheus scrapes (exposition format 0.0.4): families of samples as lines. Knows no status.

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Behind the name of the family: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence, without a full stop. */
  readonly help: string;
  /** Made when they are asked for: a large status is gone through in parts. */
  readonly samples: () => readonly Sample[];
}

/** What a reader is told of the text. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** One family after the other, each with the number of its samples; those without a sample are left out. */
export function* exposition(
  families: readonly Family[],
): Generator<{ readonly text: string; readonly samples: number }, void, undefined> {
  for (const { name, type, help, samples: made } of families) {
    const samples = made();
    if (samples.length === 0) continue;
    const lines = samples.map((sample) => line(name, sample));
    const text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    yield { text, samples: samples.length };
  }
}

const line = (name: string, { labels, value, suffix = '' }: Sample): string =>
  `${name}${suffix}${labelText(labels)} ${number(value)}\n`;

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return '';
  return `{${pairs.map(([key, value]) => `${key}="${escaped(String(value))}"`).join(',')}}`;
}

/** The format knows three escapes and no other control characters are special to it. */
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** 1 for the state that holds, 0 for the others: a series for each, whatever holds now. */
export const stateSet = (
  states: readonly string[],
  current: string | undefined,
  labels: Labels,
  label: string,
): Sample[] =>
  states.map((state) => ({
    labels: { ...labels, [label]: state },
    value: state === current ? 1 : 0,
  }));

/** One sample; none for what is not known. */
export const one = (value: number | boolean | null | undefined, labels: Labels = {}): Sample[] =>
  value === null || value === undefined ? [] : [{ labels, value: Number(value) }];

/** Seconds since the epoch; none for a text that is no time. */
export function timestamp(text: string | undefined, labels: Labels = {}): Sample[] {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? [] : one(time / 1_000, labels);
}
