// Values of JSON made of others, drawn from a seed: nodes are replaced, taken out, doubled and taken from elsewhere, so
// that what comes out is JSON again and most of it is of the form that is asked for. No target, no expectation.
import { mutated, type Draw } from './mutate.js';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Each has led astray whoever took it for what it looks like. */
const ODD: readonly Json[] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  2,
  254,
  255,
  256,
  4095,
  65_535,
  65_536,
  0.1,
  1e21,
  -1e308,
  Number.MAX_SAFE_INTEGER + 1,
  '',
  ' ',
  '0',
  '255',
  '-1',
  '9223372036854775807',
  '99999999999999999999',
  '00000000000000000000',
  'null',
  '10.0.0.1',
  '10.0.0.1/24',
  '::1/128',
  'fe80::1%eth0',
  '../../etc/passwd',
  '/a/../b',
  '__proto__',
  'constructor',
  'a'.repeat(300),
  '\0',
  '\u2028\u{1F600}\ud800',
  [],
  {},
  [[]],
  [null],
  { a: 1 },
];

const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '', 'x', '0'];

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const isMapping = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !isList(value);

/** A node of the tree, anywhere. */
function anyOf(value: Json, draw: Draw): Json {
  const children = isList(value) ? value : isMapping(value) ? Object.values(value) : [];
  const child = children[draw(children.length)];
  return child === undefined || draw(4) === 0 ? value : anyOf(child, draw);
}

const strange = (other: Json, draw: Draw): Json =>
  draw(2) === 0 ? (ODD[draw(ODD.length)] ?? null) : anyOf(other, draw);

function textChanged(text: string, draw: Draw): string {
  return mutated(Buffer.from(text), Buffer.from(text), [], draw).toString('utf8');
}

function leaf(value: Json, other: Json, draw: Draw): Json {
  if (draw(2) === 0) return strange(other, draw);
  if (typeof value === 'number') return value + ([1, -1, 0.5, 256, -256][draw(5)] ?? 0);
  return typeof value === 'string' ? textChanged(value, draw) : strange(other, draw);
}

/** Own properties alone, whatever their names are: an assignment to "__proto__" would make none. */
const mapping = (entries: readonly (readonly [string, Json])[]): Json =>
  Object.fromEntries(entries);

function once(value: Json, other: Json, draw: Draw): Json {
  if (!isList(value) && !isMapping(value)) return leaf(value, other, draw);
  const entries: (readonly [string, Json])[] = Object.entries(value);
  const at = draw(entries.length);
  const entry = entries[at];
  if (entry !== undefined && draw(4) > 0) {
    // Somewhere below.
    entries[at] = [entry[0], once(entry[1], other, draw)];
  } else {
    switch (draw(5)) {
      case 0:
        entries.splice(at, 1);
        break;
      case 1: {
        const key = draw(2) === 0 ? KEYS[draw(KEYS.length)] : entry?.[0];
        entries.splice(at, 0, [key ?? 'x', strange(other, draw)]);
        break;
      }
      case 2:
        if (entry !== undefined) entries.push([textChanged(entry[0], draw), entry[1]]);
        break;
      case 3:
        if (entry !== undefined) entries.push(entry);
        break;
      default:
        return strange(other, draw);
    }
  }
  return isList(value) ? entries.map(([, child]) => child) : mapping(entries);
}

/** What is kept is changed again and again; no change touches the tree that it is made of. */
const PARSED = new WeakMap<Buffer, Json>();

function parsed(input: Buffer): Json {
  const known = PARSED.get(input);
  if (known !== undefined) return known;
  let value: Json = {};
  try {
    value = JSON.parse(input.toString('utf8')) as Json;
  } catch {
    // Taken for {}.
  }
  PARSED.set(input, value);
  return value;
}

/** One to four changes of a value of JSON. What is no JSON is taken for {}. */
export function treeChanged(input: Buffer, other: Buffer, draw: Draw): Buffer {
  let value = parsed(input);
  const from = parsed(other);
  for (let left = 1 + draw(4); left > 0; left -= 1) value = once(value, from, draw);
  return Buffer.from(JSON.stringify(value) ?? 'null');
}
