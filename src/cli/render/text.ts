// Small pieces of text for screens: colours, durations, instants. Pure.
import { plainText } from '../../model/plain-text.js';

export type Colour = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

const CODES: Readonly<Record<Colour, string>> = {
  red: '31',
  green: '32',
  yellow: '33',
  bold: '1',
  dim: '2',
};

export type Paint = (colour: Colour, text: string) => string;

/** Colours the text, or leaves it as it is. */
export const painter =
  (colour: boolean): Paint =>
  (name, text) =>
    colour ? `\u001B[${CODES[name]}m${text}\u001B[0m` : text;

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

/** `2026-01-01 00:00:00 UTC, 2 h 5 min ago`; what cannot be read is shown as it came. */
export function formatSince(iso: string, now: number): string {
  const since = Date.parse(iso);
  if (Number.isNaN(since)) return harmless(iso);
  const instant = new Date(since).toISOString();
  return `${instant.slice(0, 10)} ${instant.slice(11, 19)} UTC, ${formatDuration(now - since)} ago`;
}

/** Columns of the smallest terminal that anybody uses. */
const WIDTH = 80;
/** A line is not broken when less than this is left for each part. */
const NARROWEST = 24;

// oxlint-disable-next-line no-control-regex -- what `painter` adds takes no room on the screen
const width = (text: string): number => text.replaceAll(/\u001B\[\d+m/g, '').length;

/** `prefix` and `text`, broken between words at 80 columns; what follows stands below the text. */
export function hang(prefix: string, text: string): string[] {
  const indent = width(prefix);
  const room = Math.max(WIDTH - indent, NARROWEST);
  const lines: string[] = [];
  let line = '';
  for (const word of wordsOf(text)) {
    if (line !== '' && width(line) + 1 + width(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((one, index) => (index === 0 ? prefix : ' '.repeat(indent)) + one);
}

/** What stands together: a command in quotes, and columns with two blanks between them. */
const wordsOf = (text: string): string[] =>
  text
    .replaceAll(/"[^"]*"/g, (quoted) => quoted.replaceAll(' ', '\u00A0'))
    .split(/(?<! ) (?! )/)
    .map((word) => word.replaceAll('\u00A0', ' '));

/** A row of a block: its title, then the text. */
export const row = (title: string, text: string): string[] => hang(`  ${title.padEnd(12)}`, text);
