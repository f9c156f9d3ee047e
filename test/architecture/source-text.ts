// Reads source text as far as the rules need it: without comments, without strings, its imports and
// its functions. It knows the formatter's layout, not the grammar. No rules: see rules.ts.

/** What an import statement names. */
export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Replaces comments, and with `strings` also what stands in quotes, by blanks; lines stay where they are. */
export function blank(text: string, options: { readonly strings: boolean }): string {
  const pattern =
    // line comment | block comment | template | quoted | regular expression after an operator
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|`(?:\\[\s\S]|[^`\\])*`|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|(?<=[=(,:[!&|?{};]\s*|return\s)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;
  return text.replace(pattern, (match) => {
    const comment = match.startsWith('//') || match.startsWith('/*');
    if (!comment && !options.strings) return match;
    return match.startsWith('`') ? blankTemplate(match) : match.replace(/[^\n]/g, ' ');
  });
}

/** What stands in `${…}` is code and stays. */
function blankTemplate(template: string): string {
  const code = [...template.matchAll(/\$\{([^}]*)\}/g)].map((match) => ({
    start: match.index + 2,
    end: match.index + 2 + (match[1]?.length ?? 0),
  }));
  return template.replace(/[^\n]/g, (character, index: number) =>
    code.some(({ start, end }) => index >= start && index < end) ? character : ' ',
  );
}

/** Every static and dynamic import and re-export. */
export function importsOf(text: string): Import[] {
  const code = blank(text, { strings: false });
  const pattern =
    /\b(?:import|export)\s+(type\s)?[^'"`;()=]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(pattern)].map((match) => ({
    specifier: match[2] ?? match[3] ?? '',
    typeOnly: match[1] !== undefined,
    line: lineAt(code, match.index),
  }));
}

export const lineAt = (text: string, index: number): number =>
  text.slice(0, index).split('\n').length;

export interface FunctionSpan {
  readonly line: number;
  /** Lines of its own: those of functions inside it are theirs. */
  readonly lines: number;
}

const NOT_A_FUNCTION =
  /^\s*(?:\} )?(?:if|for|while|switch|else|do|try|catch|finally|class|interface|namespace|with)\b|^\s*(?:export )?(?:default )?(?:abstract )?(?:class|interface|type|enum)\b/;

/** The functions of formatted TypeScript: a line that opens one, to the line that closes it at the same indentation. */
export function typescriptFunctions(text: string): FunctionSpan[] {
  return ownLines(typescriptSpans(blank(text, { strings: true }).split('\n')));
}

interface Span {
  /** First and last line, counted from 0. */
  readonly start: number;
  readonly end: number;
}

function typescriptSpans(lines: readonly string[]): Span[] {
  return lines.flatMap((line, index) => {
    if (!/(?:=>|\)[^()]*) \{\s*$/.test(line)) return [];
    const indentation = indentationOf(line);
    const start = line.trimStart().startsWith(')') ? opening(lines, index, indentation) : index;
    if (NOT_A_FUNCTION.test(lines[start] ?? '')) return [];
    const end = lines.findIndex(
      (other, at) =>
        at > index && indentationOf(other) === indentation && other.trimStart().startsWith('}'),
    );
    return end < 0 ? [] : [{ start, end }];
  });
}

function ownLines(spans: readonly Span[]): FunctionSpan[] {
  return spans.map((span) => {
    const within = spans.filter((other) => other.start > span.start && other.end <= span.end);
    const inner = new Set<number>();
    for (const { start, end } of within) {
      for (let line = start; line <= end; line += 1) inner.add(line);
    }
    return { line: span.start + 1, lines: span.end - span.start + 1 - inner.size };
  });
}

/** The functions of C: an opening brace in column 0, or at the end of a line that starts there. */
export function cFunctions(text: string): FunctionSpan[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (!/^(?:\{|\S.*\)\s*\{)$/.test(line.trimEnd())) return [];
    const end = lines.findIndex((other, at) => at > index && other.startsWith('}'));
    return end < 0 ? [] : [{ line: index + 1, lines: end - index + 1 }];
  });
}

const indentationOf = (line: string): number => line.length - line.trimStart().length;

function opening(lines: readonly string[], from: number, indentation: number): number {
  for (let index = from - 1; index >= 0; index -= 1) {
    const line = lines[index] ?? '';
    if (line.trim() !== '' && indentationOf(line) === indentation) return index;
  }
  return from;
}
