// Small pieces of text for screens: colours, durations, instants, lines that fit. Pure, but for the time zone.
import { stripVTControlCharacters, styleText } from 'node:util';
import { plainText } from '../../model/plain-text.js';

export type Colour = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

export type Paint = (colour: Colour, text: string) => string;

/** Colours the text, or leaves it as it is. */
export const painter =
  (colour: boolean): Paint =>
  (name, text) =>
    // Whether there is a terminal has been found out: what the process has as stdout is not asked again.
    colour ? styleText(name, text, { validateStream: false }) : text;

/**
 * A part of a line that came from elsewhere; `-` for none. It neither ends the line nor brings a colour of its own:
 * of a whole screen the guarded streams could no longer tell whose those are.
 */
export const harmless = (text: string | undefined): string =>
  text === undefined ? '-' : plainText(text);

/** A duration in its two largest units: `350 ms`, `8 s`, `2 h 5 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 0) return '0 ms';
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  const seconds = Math.floor(milliseconds / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return pair(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return pair(hours, 'h', minutes % 60, 'min');
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

const pair = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;

/** How instants are shown: to a person at a terminal by the local clock, else in UTC. */
export interface Clock {
  /** Wall time, milliseconds since 1970. */
  readonly now: number;
  readonly local: boolean;
}

/** `2026-01-01 00:00:00 UTC`, or `2026-01-01 01:00:00 +01:00`; what cannot be read is shown as it came. */
export function formatInstant(
  iso: string,
  { local }: Pick<Clock, 'local'>,
  precision: 'seconds' | 'milliseconds' = 'seconds',
): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return harmless(iso);
  const east = local ? -new Date(at).getTimezoneOffset() : 0;
  const text = new Date(at + east * 60_000).toISOString();
  const clock = text.slice(11, precision === 'seconds' ? 19 : 23);
  return `${text.slice(0, 10)} ${clock} ${local ? offsetText(east) : 'UTC'}`;
}

/** `+05:30`, of minutes east of Greenwich. */
function offsetText(east: number): string {
  const [hours, minutes] = [Math.floor(Math.abs(east) / 60), Math.abs(east) % 60];
  return `${east < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
}

/** `2026-01-01 00:00:00 UTC, 2 h 5 min ago`. */
export function formatSince(iso: string, clock: Clock): string {
  const since = Date.parse(iso);
  const instant = formatInstant(iso, clock);
  return Number.isNaN(since) ? instant : `${instant}, ${formatDuration(clock.now - since)} ago`;
}

/** Columns of the widest line, however wide the terminal is. */
const WIDEST = 80;
/** A line is not broken when less than this is left for each part. */
const NARROWEST = 24;

/** Columns for lines on a terminal with so many; undefined: none. */
export const columnsFor = (columns: number | undefined): number =>
  columns === undefined || columns === 0 ? WIDEST : Math.min(columns, WIDEST);

/** What `painter` adds takes no room on the screen. */
const width = (text: string): number => stripVTControlCharacters(text).length;

/** A line that may be broken: what follows stands below `text`. A text alone is broken with an indent of 4. */
export type Line = string | { readonly prefix: string; readonly text: string };

/** `prefix` and `text`, to be broken where the screen ends. */
export const hang = (prefix: string, text: string): Line[] => [{ prefix, text }];

/** The lines, each broken between words at so many columns. */
export const layout = (lines: readonly Line[], columns: number): string[] =>
  lines.flatMap((line) =>
    typeof line === 'string'
      ? broken(line, { first: '', indent: 4, columns })
      : broken(line.text, { first: line.prefix, indent: width(line.prefix), columns }),
  );

interface Place {
  /** Before the first line. */
  readonly first: string;
  /** Before the others, in columns. */
  readonly indent: number;
  readonly columns: number;
}

function broken(text: string, { first, indent, columns }: Place): string[] {
  if (width(first) + width(text) <= columns) return [first + text];
  const room = (line: number): number =>
    Math.max(columns - (line === 0 ? width(first) : indent), NARROWEST);
  const [, lead = '', rest = ''] = /^( *)(.*)$/s.exec(text) ?? [];
  const lines: string[] = [];
  let line = '';
  for (const word of wordsOf(rest)) {
    if (line !== '' && width(line) + 1 + width(word) > room(lines.length)) {
      lines.push(line);
      line = word;
    } else line = line === '' ? lead + word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((one, index) => (index === 0 ? first : ' '.repeat(indent)) + one);
}

/** What stands together: a command in quotes, and columns with two blanks between them. */
const wordsOf = (text: string): string[] =>
  text
    .replaceAll(/"[^"]*"/g, (quoted) => quoted.replaceAll(' ', '\u00A0'))
    .split(/(?<! ) (?! )/)
    .map((word) => word.replaceAll('\u00A0', ' '));

/** A row of a block: its title, then the text. */
export const row = (title: string, text: string): Line[] => hang(`  ${title.padEnd(12)}`, text);
