// The slips that copying a line of a settings file by hand makes: each line with each of them. Text only;
// what becomes of it is judged elsewhere.

export interface Slip {
  readonly what: string;
  readonly text: string;
}

/** Every slip at every line that is neither blank nor a comment. `other`: the file of the partner. */
export function slipsOf(text: string, other: string): (Slip & { readonly line: number })[] {
  const lines = text.split('\n');
  const others = other.split('\n');
  return lines.flatMap((line, index) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const replacements = [
      ['line missing', []] as const,
      ['line doubled', [line, line]] as const,
      ...lineSlips(line).map(([what, changed]) => [what, [changed]] as const),
      ...(others.length === lines.length && others[index] !== line
        ? [["the partner's line", [others[index] ?? '']] as const]
        : []),
    ];
    return replacements.map(([what, changed]) => ({
      what,
      line: index + 1,
      text: lines.toSpliced(index, 1, ...changed).join('\n'),
    }));
  });
}

type Change = readonly [what: string, line: string];

function lineSlips(line: string): Change[] {
  const comment = / #.*$/.exec(line)?.[0] ?? '';
  const code = line.slice(0, line.length - comment.length);
  const changes: Change[] = [
    ['a step further in', `  ${code}`],
    ...(code.startsWith('  ') ? [['a step further out', code.slice(2)] as const] : []),
    ...['key', 'number', 'flag', 'address', 'word', 'list', 'quote'].flatMap((kind) =>
      kind === 'quote' ? quoteSlips(code) : tokenSlips(code, kind as TokenKind),
    ),
  ];
  return changes
    .filter(([, changed]) => changed !== code)
    .map(([what, changed]) => [what, changed + comment]);
}

type TokenKind = 'key' | 'number' | 'flag' | 'address' | 'word' | 'list';

const TOKENS: Readonly<Record<TokenKind, RegExp>> = {
  key: /[A-Za-z]\w*:(?=\s|$)/g,
  number: /(?<=[\s[])\d+(?=$|[\s,}\]])/g,
  flag: /\b(?:true|false)\b/g,
  address: /(?<=[\s['"])(?:\d+\.\d+\.\d+\.\d+|[0-9a-f]*::?[0-9a-f:]+)(?:\/\d+)?(?=$|[\s,}\]'"])/g,
  // A value that is none of the above.
  word: /(?<=: ['"]?|[[,] ?['"]?|- ['"]?)[A-Za-z/][\w./:-]*(?=$|[\s,}\]'"])(?!:)/g,
  list: /\[[^[\]]*\]/g,
};

const SLIPS: Readonly<Record<TokenKind, (token: string) => Change[]>> = {
  key: (token) => [
    ...misspelt(token.slice(0, -1)).map(([what, word]): Change => [`key ${what}`, `${word}:`]),
    ['colon missing', token.slice(0, -1)],
  ],
  number: (token) => {
    const value = Number(token);
    return [
      ['a word for a number', 'many'],
      ['a digit more', `${token}0`],
      ['a digit less', token.slice(0, -1) || '0'],
      ['one more', String(value + 1)],
      ['negative', `-${token}`],
      ['zero', '0'],
      ['thousandfold', String(value * 1000)],
      ['a thousandth', String(value / 1000)],
      ['in quotes', `"${token}"`],
      ['with a unit', `${token}ms`],
    ];
  },
  flag: (token) => [
    ['no flag', 'yess'],
    ['the other one', token === 'true' ? 'false' : 'true'],
    ['a number for a flag', '1'],
  ],
  address: addressSlips,
  word: (token) => [
    ...misspelt(token).map(([what, word]): Change => [`value ${what}`, word]),
    ['a number for a word', '7'],
    ['nothing', ''],
  ],
  list: (token) => [
    ['one value for a list', token.slice(1, -1)],
    ['an empty list', '[]'],
    ['bracket missing', token.slice(0, -1)],
    ...(token.includes(',')
      ? ([
          ['first of a list only', `${token.split(',')[0]}]`],
          ['last of a list only', `[${token.split(',').at(-1)?.trim()}`],
        ] as const)
      : []),
  ],
};

const tokenSlips = (code: string, kind: TokenKind): Change[] =>
  [...code.matchAll(TOKENS[kind])].flatMap(({ 0: token, index }) =>
    SLIPS[kind](token).map(([what, changed]): Change => [
      `${what} (${token})`,
      code.slice(0, index) + changed + code.slice(index + token.length),
    ]),
  );

/** In the middle, where nobody looks. */
function misspelt(word: string): Change[] {
  const at = Math.floor(word.length / 2);
  const [before, letter = '', after] = [word.slice(0, at), word[at], word.slice(at + 1)];
  return [
    ['with a letter doubled', before + letter + letter + after],
    ['with a letter dropped', before + after],
    ['with two letters swapped', before.slice(0, -1) + letter + (before.at(-1) ?? '') + after],
  ];
}

function addressSlips(token: string): Change[] {
  const [address = '', prefix] = token.split('/');
  const separator = address.includes(':') ? ':' : '.';
  const parts = address.split(separator);
  const last = parts.at(-1) ?? '';
  const end = prefix === undefined ? '' : `/${prefix}`;
  const withLast = (value: string): string => [...parts.slice(0, -1), value].join(separator) + end;
  const swapped: Change[] =
    separator === '.'
      ? [
          ['an octet of 300', withLast('300')],
          ['another net', [parts[0], '199', ...parts.slice(2)].join('.') + end],
          ['an octet missing', parts.slice(1).join('.') + end],
        ]
      : [['no hexadecimal digit', withLast('g1')]];
  return [
    ...swapped,
    ['another host', withLast(String(Number.parseInt(last, 16) === 7 ? 8 : 7))],
    ['a digit more', withLast(`${last}1`)],
    prefix === undefined
      ? ['with prefix length', `${token}/24`]
      : ['without prefix length', address],
    ...(prefix === undefined
      ? []
      : ([
          ['another prefix length', `${address}/${Number(prefix) - 1}`],
          ['an impossible prefix length', `${address}/${Number(prefix)}9`],
        ] as const)),
  ];
}

/** Opened and not closed: before each value, and where there are quotes, without the second one. */
function quoteSlips(code: string): Change[] {
  const value = /(?<=: |- |\[)(?=[^\s[{])/.exec(code);
  const closed = /["'](?=[^"']*$)/.exec(code);
  return [
    ...(value === null
      ? []
      : [
          [
            'quote opened only',
            `${code.slice(0, value.index)}"${code.slice(value.index)}`,
          ] as const,
        ]),
    ...(closed === null
      ? []
      : [
          ['quote not closed', code.slice(0, closed.index) + code.slice(closed.index + 1)] as const,
        ]),
  ];
}
