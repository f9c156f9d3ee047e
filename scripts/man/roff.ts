// Pages of docs/ as man pages: what of Markdown they use, as man(7). Text only; no page is here.

/** A line of text for man(7): nothing of it is a request or an escape. */
export function escaped(text: string): string {
  const plain = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('→', '\\(->')
    .replaceAll('⇄', '\\(<>')
    .replaceAll('…', '...')
    .replaceAll('’', '\\(cq')
    .replaceAll('≥', '\\(>=')
    .replaceAll('§', '\\(sc')
    .replaceAll('µ', '\\(mc');
  return plain.startsWith('.') ? `\\&${plain}` : plain;
}

/** Code in bold, emphasis in italics, links as their text. */
export function inline(text: string): string {
  const parts = text
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(String.raw`\|`, '|')
    .split(/(`[^`]+`|\*\*[^*]+\*\*)/);
  const said = parts.map((part) => {
    if (part.startsWith('`')) return `\\fB${escaped(part.slice(1, -1))}\\fR`;
    if (part.startsWith('**')) return `\\fI${escaped(part.slice(2, -2))}\\fR`;
    return escaped(part);
  });
  const line = said.join('');
  // Only the first part of a line can be taken for a request; the others stand behind it.
  return line.startsWith("'") ? `\\&${line}` : line;
}

const cells = (line: string): string[] =>
  line
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

/** Each row as its first cell, with the others below it. */
function table(lines: readonly string[]): string[] {
  const [head = [], , ...rows] = lines.map(cells);
  return rows.flatMap(([first = '', ...others]) => [
    '.TP',
    inline(first === '' ? '(none)' : first),
    ...others.flatMap((cell, index) => {
      if (cell === '') return [];
      const title = others.length > 1 ? `${head[index + 1] ?? ''}: ` : '';
      return [...(index === 0 ? [] : ['.br']), inline(title + cell)];
    }),
  ]);
}

const heading = (line: string): string[] => {
  const [, marks = '', title = ''] = /^(#+) (.*)$/.exec(line) ?? [];
  const text = title.replaceAll('`', '');
  return marks.length <= 2 ? [`.SH "${escaped(text.toUpperCase())}"`] : [`.SS "${escaped(text)}"`];
};

const isText = (line: string | undefined): line is string =>
  line !== undefined && line !== '' && !/^(#|\||```|- |\d+\. |<!--)/.test(line);

/** Markdown without its first heading and what stands before the first section. */
export function toMan(markdown: string): string[] {
  const lines = markdown.split('\n');
  const out: string[] = [];
  let at = 0;
  const takeWhile = (test: (line: string | undefined) => boolean): string[] => {
    const taken: string[] = [];
    while (at < lines.length && test(lines[at])) taken.push(lines[at++] ?? '');
    return taken;
  };
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (line.startsWith('#')) out.push(...heading(lines[at++] ?? ''));
    else if (line.startsWith('|'))
      out.push(...table(takeWhile((one) => one?.startsWith('|') === true)));
    else if (line.startsWith('```')) {
      at += 1;
      const code = takeWhile((one) => one?.startsWith('```') !== true);
      at += 1;
      out.push('.PP', '.in +4n', '.nf', ...code.map((one) => escaped(one)), '.fi', '.in');
    } else if (/^(- |\d+\. )/.test(line)) {
      const [, mark = ''] = /^(-|\d+\.) /.exec(line) ?? [];
      at += 1;
      const item = [line.replace(/^(-|\d+\.) +/, ''), ...takeWhile((one) => isText(one))];
      out.push(
        `.IP "${mark === '-' ? '\\(bu' : mark}" 3`,
        inline(item.map((one) => one.trim()).join(' ')),
      );
    } else if (isText(line)) {
      out.push(
        '.PP',
        inline(
          takeWhile((one) => isText(one))
            .map((one) => one.trim())
            .join(' '),
        ),
      );
    } else at += 1;
  }
  // A paragraph begins at a heading by itself.
  return out.filter((line, index) => line !== '.PP' || !/^\.S[HS]/.test(out[index - 1] ?? ''));
}

/** The sections of a page whose headings (##) these are, in this order. */
export function sections(markdown: string, names: readonly string[]): string {
  const all = markdown.split(/^(?=## )/m);
  return names
    .map((name) => {
      const found = all.find((one) => one.startsWith(`## ${name}\n`));
      if (found === undefined) throw new Error(`there is no section ${name}`);
      return found;
    })
    .join('');
}

/** Of the pages, since a reader wants one: when their form was last changed. */
const DATE = '2026-11-29';

/** The first lines of a page. */
export const title = (name: string, section: number, what: string): string[] => [
  `.TH ${name.toUpperCase()} ${section} ${DATE} "understudy" "understudy"`,
  // What is to be typed is not broken in two.
  '.nh',
  '.ad l',
  '.SH NAME',
  `${escaped(name)} \\- ${escaped(what)}`,
];
