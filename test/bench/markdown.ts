// Markdown as the formatter of this tree writes it: tables with even columns, and the part of a file
// that is generated. Pure text; no numbers of its own.

export interface Column {
  readonly title: string;
  /** Numbers stand right. */
  readonly right?: boolean;
}

/** A table; every row has as many cells as there are columns. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title, right }, index) =>
    Math.max(3, title.length, ...rows.map((row) => row[index]?.length ?? 0), right ? 4 : 3),
  );
  const cells = (row: readonly string[]): string[] =>
    columns.map(({ right }, index) => {
      const [text, width] = [row[index] ?? '', widths[index] ?? 0];
      return right === true ? text.padStart(width) : text.padEnd(width);
    });
  const rule = columns.map(({ right }, index) => {
    const width = widths[index] ?? 0;
    return right === true ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width);
  });
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  const titles = cells(columns.map(({ title }) => title));
  return [line(titles), line(rule), ...rows.map((row) => line(cells(row)))].join('\n');
}

export interface Markers {
  readonly begin: string;
  readonly end: string;
}

export const MARKERS: Markers = {
  begin: '<!-- begin of the generated part: scripts/bench --markdown writes it anew -->',
  end: '<!-- end of the generated part -->',
};

/** Of `scripts/bench scale`. */
export const SCALE_MARKERS: Markers = {
  begin: '<!-- begin of the table of many: scripts/bench scale --markdown writes its rows anew -->',
  end: '<!-- end of the table of many -->',
};

/**
 * The text with its generated part replaced; a null text becomes a file of nothing else.
 * @throws Error when there is a text without the markers, or with them in the wrong order.
 */
export function replaceGenerated(
  text: string | null,
  generated: string,
  markers: Markers = MARKERS,
): string {
  const part = `${markers.begin}\n\n${generated.trim()}\n\n${markers.end}`;
  if (text === null) return `${part}\n`;
  const [begin, end] = partOf(text, markers);
  return text.slice(0, begin) + part + text.slice(end + markers.end.length);
}

/**
 * The rows of the table in the generated part of a text; none when there is no text, or no table.
 * @throws Error like `replaceGenerated`.
 */
export function rowsIn(text: string | null, markers: Markers): string[][] {
  if (text === null) return [];
  const [begin, end] = partOf(text, markers);
  const lines = text.slice(begin, end).split('\n');
  const rows = lines.filter((line) => line.startsWith('| ')).slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function partOf(text: string, { begin, end }: Markers): readonly [number, number] {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from >= 0 && to >= from) return [from, to];
  const expected = `expected the lines "${begin}" and "${end}"`;
  throw new Error(`${expected}, found none in this order; put them in, or name a new file`);
}

/** Milliseconds: one decimal below ten, none above. */
export function milliseconds(value: number): string {
  if (value === 0) return '0';
  if (value < 0.05) return '< 0.1';
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0);
}

/** Seconds from milliseconds, two decimals. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** `median / worst`; one number when they are the same. */
export function pairOf<T>(
  values: { readonly median: T; readonly worst: T } | null,
  render: (value: T) => string,
): string {
  if (values === null) return 'n/a';
  const [middle, worst] = [render(values.median), render(values.worst)];
  return middle === worst ? middle : `${middle} / ${worst}`;
}

/** A ratio with two meaningful digits; `-` when there is nothing to compare. */
export function times(value: number | null): string {
  if (value === null) return '-';
  if (!Number.isFinite(value)) return '∞';
  if (value === 0) return '0';
  if (value < 0.01) return '< 0.01';
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

export const percent = (value: number): string => value.toFixed(2);
export const mebibytes = (kib: number): string => (kib / 1024).toFixed(1);
