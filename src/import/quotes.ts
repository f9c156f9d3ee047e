// Quoted strings of keepalived.conf: where a comment begins, and which words a line has. No blocks: see blocks.ts.

export interface Word {
  readonly text: string;
  /** A brace or a keyword in quotes is none. */
  readonly quoted: boolean;
}

/** The text before `#` or `!`, unless they are quoted; null when a quotation has no end. */
export function withoutComment(text: string): string | null {
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '\\') at += 1;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '#' || character === '!') return text.slice(0, at);
  }
  return quote === '' ? text : null;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  E: '\u001B',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Octal, hexadecimal, control, or a letter; what stands behind a backslash. */
function escapeAt(text: string, at: number): { readonly value: string; readonly length: number } {
  const rest = text.slice(at);
  const octal = /^[0-7]{1,3}/.exec(rest)?.[0];
  if (octal !== undefined)
    return { value: codeOf(Number.parseInt(octal, 8)), length: octal.length };
  const hexadecimal = /^x([0-9A-Fa-f]+)/.exec(rest)?.[0];
  if (hexadecimal !== undefined) {
    const code = Number.parseInt(hexadecimal.slice(1), 16);
    return { value: codeOf(code), length: hexadecimal.length };
  }
  if (/^c[A-Za-z]/.test(rest)) return { value: codeOf(rest.charCodeAt(1) & 0x1f), length: 2 };
  const letter = rest[0] ?? '';
  return { value: ESCAPES[letter] ?? letter, length: 1 };
}

const codeOf = (code: number): string => String.fromCharCode(code & 0xff);

/** The words of a line; unquoted braces are words of their own, but for those of `${NAME}`. */
export function wordsOf(line: string): Word[] {
  const words: Word[] = [];
  let text = '';
  let quoted = false;
  let quote = '';
  const end = (): void => {
    if (text !== '' || quoted) words.push({ text, quoted });
    text = '';
    quoted = false;
  };
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (character === '\\' && quote !== '') {
      const { value, length } = escapeAt(line, at + 1);
      text += value;
      at += length;
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else text += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      quoted = true;
    } else if (/\s/.test(character)) end();
    else if (character === '$' && line[at + 1] === '{') {
      const name = /^\$\{[^}]*\}?/.exec(line.slice(at))?.[0] ?? '$';
      text += name;
      at += name.length - 1;
    } else if (character === '{' || character === '}') {
      end();
      words.push({ text: character, quoted: false });
    } else text += character;
  }
  end();
  return words;
}
