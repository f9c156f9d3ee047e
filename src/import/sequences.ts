// `~SEQ(NAME, START, STEP, END)` and `~LST(NAME, VALUE, ...)` in front of a line: which values its names take. No
// replacing: see parameters.ts.

export interface Sequence {
  /** For every round the names and what they stand for. */
  readonly rounds: readonly (readonly (readonly [string, string])[])[];
  /** The rest of the line. */
  readonly rest: string;
}

const MOST_ROUNDS = 70_000;

/** Null when the line begins with neither. */
export function sequenceOf(text: string): Sequence | { readonly problem: string } | null {
  const match = /^~(SEQx?|LST)\(([^)]*)\)\s*(.*)$/.exec(text);
  if (match === null) return text.startsWith('~') ? { problem: JSON.stringify(text) } : null;
  const [, kind, inside = '', rest = ''] = match;
  const rounds = kind === 'LST' ? listRounds(inside) : numberRounds(inside, kind === 'SEQx');
  return rounds === null ? { problem: `~${kind}(${inside})` } : { rounds, rest };
}

function numberRounds(inside: string, hexadecimal: boolean): Sequence['rounds'] | null {
  const [name = '', ...texts] = inside.split(',').map((part) => part.trim());
  const numbers = texts.map((text) =>
    /^-?(?:0x[0-9a-f]+|\d+)$/i.test(text) ? integer(text) : NaN,
  );
  const last = numbers.at(-1);
  if (!/^[A-Za-z_]\w*$/.test(name) || numbers.length > 3 || last === undefined) return null;
  const first = numbers.length === 1 ? Math.sign(last) : (numbers[0] ?? NaN);
  const step = numbers.length === 3 ? (numbers[1] ?? NaN) : last >= first ? 1 : -1;
  const count = Math.floor((last - first) / step) + 1;
  if (!(count >= 0 && count <= MOST_ROUNDS)) return null;
  return Array.from({ length: count }, (_, round) => {
    const value = first + round * step;
    return [[name, hexadecimal ? value.toString(16) : String(value)] as const];
  });
}

const integer = (text: string): number =>
  text.startsWith('-') ? -Number(text.slice(1)) : Number(text);

function listRounds(inside: string): Sequence['rounds'] | null {
  const parts = inside.match(/\{[^}]*\}|[^,{}]+/g)?.map((part) => part.trim());
  const [names, ...values] = (parts ?? []).filter((part) => part !== '').map(members);
  if (names === undefined || values.length === 0) return null;
  if (values.some((value) => value.length !== names.length)) return null;
  return values.map((value) => names.map((name, at) => [name, value[at] ?? ''] as const));
}

const members = (part: string): string[] =>
  part
    .replace(/^\{|\}$/g, '')
    .split(',')
    .map((one) => one.trim());
