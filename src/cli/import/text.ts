// What an import prints: the settings as YAML, and the account for a person. Pure.
import { Document, isScalar, isSeq, visit } from 'yaml';
import type { AccountLine, ImportError, Verdict } from '../../import/account.js';

/** The settings file; `heading` becomes its first comment. */
export function settingsText(
  settings: Readonly<Record<string, unknown>>,
  heading: readonly string[],
): string {
  const document = new Document(settings);
  visit(document, {
    Seq: (_, node) => {
      // Lists of words stand on one line, lists of sections below each other.
      if (node.items.every((item) => isScalar(item) || isSeq(item))) node.flow = true;
    },
  });
  document.commentBefore = heading.map((line) => ` ${line}`).join('\n');
  return document.toString({ lineWidth: 100, flowCollectionPadding: false });
}

export const errorText = ({ place, expected, found, remedy }: ImportError): string =>
  [
    `${place.file}:${place.line}:`,
    `  expected  ${expected}`,
    `  found     ${found}`,
    `  remedy    ${remedy}`,
    '',
  ].join('\n');

/** Every line that says something, with what became of it; and how many there are of each kind. */
export function accountText(lines: readonly AccountLine[]): string {
  const width = Math.max(...lines.map(({ place }) => String(place.line).length));
  const texts = lines
    .filter(({ verdict }) => verdict !== 'blank')
    .map(({ place, text, verdict, reasons }) => {
      const number = String(place.line).padStart(width);
      const said = reasons.map((reason) => `${' '.repeat(width + 20)}${reason}\n`);
      return [place.file, `${number}  ${verdict.padEnd(16)}  ${text.trim()}\n${said.join('')}`];
    });
  const files = [...new Set(lines.map(({ place }) => place.file))];
  const parts = files.map(
    (file) =>
      `${file}:\n${texts
        .filter(([name]) => name === file)
        .map(([, text]) => text)
        .join('')}`,
  );
  return `${parts.join('\n')}\n${tally(lines)}\n`;
}

const WORDS: Readonly<Record<Verdict, string>> = {
  kept: 'kept',
  changed: 'changed',
  'not carried over': 'not carried over',
  blank: 'blank or comment',
};

function tally(lines: readonly AccountLine[]): string {
  const counts = (Object.keys(WORDS) as Verdict[]).map((verdict) => {
    const number = lines.filter((line) => line.verdict === verdict).length;
    return `${number} ${WORDS[verdict]}`;
  });
  return `${lines.length} lines: ${counts.join(', ')}.`;
}
