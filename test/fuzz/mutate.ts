// Bytes and lines made of others, drawn from a seed: what a target is fed. Values of JSON: tree.ts. No target, no
// expectation.

/** Numbers drawn from a seed, the same ones on every machine (mulberry32). */
export function drawFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

export type Draw = ReturnType<typeof drawFrom>;

/** Bytes at which counts, lengths and signs turn. */
const TURNING = [0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 63, 64, 127, 128, 129, 250, 254, 255];

type Change = (bytes: Buffer, draw: Draw, words: readonly Buffer[], other: Buffer) => Buffer;

const spanOf = (bytes: Buffer, draw: Draw): [number, number] => {
  const from = draw(bytes.length + 1);
  return [from, from + draw(Math.min(64, bytes.length - from) + 1)];
};

const insert = (bytes: Buffer, at: number, what: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);

function overwritten(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = value;
  return copy;
}

const CHANGES: readonly Change[] = [
  (bytes, draw) => overwritten(bytes, draw(bytes.length), draw(256)),
  (bytes, draw) => overwritten(bytes, draw(bytes.length), TURNING[draw(TURNING.length)] ?? 0),
  (bytes, draw) => {
    const at = draw(bytes.length);
    return overwritten(bytes, at, (bytes[at] ?? 0) ^ (1 << draw(8)));
  },
  (bytes, draw) => {
    const [from, to] = spanOf(bytes, draw);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, draw) => {
    const [from, to] = spanOf(bytes, draw);
    return insert(bytes, draw(bytes.length + 1), bytes.subarray(from, to));
  },
  (bytes, draw, words) =>
    insert(bytes, draw(bytes.length + 1), words[draw(words.length)] ?? Buffer.alloc(0)),
  (bytes, draw, words) => {
    const word = words[draw(words.length)] ?? Buffer.alloc(0);
    const at = draw(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at + word.length)]);
  },
  (bytes, draw) => bytes.subarray(0, draw(bytes.length + 1)),
  (bytes, draw, _, other) =>
    Buffer.concat([
      bytes.subarray(0, draw(bytes.length + 1)),
      other.subarray(draw(other.length + 1)),
    ]),
  (bytes, draw) =>
    insert(
      bytes,
      draw(bytes.length + 1),
      Buffer.alloc(1 + draw(40), TURNING[draw(TURNING.length)]),
    ),
];

/** One to six changes of `bytes`; `other` is what a part may be taken from. */
export function mutated(
  bytes: Buffer,
  other: Buffer,
  words: readonly Buffer[],
  draw: Draw,
): Buffer {
  let changed = bytes;
  for (let left = 1 + draw(6); left > 0; left -= 1)
    changed = CHANGES[draw(CHANGES.length)]?.(changed, draw, words, other) ?? changed;
  return changed;
}

const WORD = /[^\s{}[\],:"']+/g;

/** Another word of the two texts in the place of one of this line; a number becomes one that turns. */
function reworded(line: string, other: string, draw: Draw): string {
  const words = [...line.matchAll(WORD)];
  const chosen = words[draw(words.length)];
  if (chosen === undefined) return line;
  const others = other.match(WORD) ?? [];
  const number = /^-?\d+$/.test(chosen[0]) && draw(2) === 0;
  const word = number
    ? String((TURNING[draw(TURNING.length)] ?? 0) * (draw(3) - 1))
    : (others[draw(others.length)] ?? '');
  return line.slice(0, chosen.index) + word + line.slice(chosen.index + chosen[0].length);
}

/** One to four changes of text in lines: lines go, come again, change places, are taken from `other` or reworded. */
export function linesChanged(text: Buffer, other: Buffer, draw: Draw): Buffer {
  const lines = text.toString('utf8').split('\n');
  const others = other.toString('utf8').split('\n');
  const any = (of: readonly string[]): string => of[draw(of.length)] ?? '';
  for (let left = 1 + draw(4); left > 0; left -= 1) {
    const at = draw(lines.length);
    const line = lines[at] ?? '';
    switch (draw(7)) {
      case 0:
        lines.splice(at, 1 + draw(3));
        break;
      case 1:
        lines.splice(at, 0, line);
        break;
      case 2:
        lines.splice(draw(lines.length + 1), 0, any(others));
        break;
      case 3:
        lines.splice(draw(lines.length + 1), 0, ...lines.splice(at, 1 + draw(3)));
        break;
      case 4: {
        const from = draw(others.length);
        lines.splice(at, 0, ...others.slice(from, from + 1 + draw(12)));
        break;
      }
      case 5:
        lines[at] = draw(2) === 0 ? ` ${line}` : line.replace(/^ {1,2}/, '');
        break;
      default:
        lines[at] = reworded(line, any(others), draw);
    }
  }
  return Buffer.from(lines.join('\n'));
}
