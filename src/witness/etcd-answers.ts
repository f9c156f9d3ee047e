// The answers of etcd 3.4 and later, as its JSON gateway writes them: 64-bit numbers as texts, bytes in base64, and
// nothing where a number is 0 or a flag is false. Shapes only; what they mean: etcd.ts.
import { WitnessAway } from './witness.js';

/** What stands at the head of every answer. */
export interface Header {
  /** Of the cluster: another one after it was set up anew. */
  readonly clusterId: string;
  /** How often the cluster has chosen a leader: it never goes back. */
  readonly raftTerm: bigint;
  /** How often its content has changed: it never goes back. */
  readonly revision: bigint;
}

/** What a key holds. */
export interface KeyValue {
  readonly value: string;
  /** 0: none, so that it stays for ever. */
  readonly lease: bigint;
}

type Fields = Readonly<Record<string, unknown>>;

/** An object, with fields not looked at yet. @throws WitnessAway */
export function fieldsOf(body: unknown, what: string): Fields {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Fields;
  throw misshapen(what, body);
}

/** A whole number; 0 where there is none. @throws WitnessAway */
export function numberOf(fields: Fields, name: string): bigint {
  const value = fields[name] ?? '0';
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  throw misshapen(`a whole number in ${name}`, value);
}

/** @throws WitnessAway */
export function headerOf(fields: Fields): Header {
  const header = fieldsOf(fields['header'], 'an answer of etcd, with a header');
  const { cluster_id: clusterId } = header;
  if (typeof clusterId !== 'string') throw misshapen('the cluster_id of an etcd', clusterId);
  return {
    clusterId,
    raftTerm: numberOf(header, 'raft_term'),
    revision: numberOf(header, 'revision'),
  };
}

/** The one key of a range that asked for one; null when it is not there. @throws WitnessAway */
export function keyValueOf(range: Fields): KeyValue | null {
  const { kvs } = range;
  if (kvs === undefined) return null;
  const [first, second] = Array.isArray(kvs) ? (kvs as readonly unknown[]) : [];
  if (first === undefined || second !== undefined) throw misshapen('one key at most', kvs);
  const fields = fieldsOf(first, 'a key with its value');
  const value = fields['value'] ?? '';
  if (typeof value !== 'string') throw misshapen('a value in base64', value);
  return { value: Buffer.from(value, 'base64').toString('utf8'), lease: numberOf(fields, 'lease') };
}

/** The range among the answers of a transaction. @throws WitnessAway */
export function rangeIn(transaction: Fields): Fields {
  const { responses } = transaction;
  const [first] = Array.isArray(responses) ? (responses as readonly unknown[]) : [];
  const answer = fieldsOf(first, 'the answers of a transaction');
  return fieldsOf(answer['response_range'], 'a range');
}

/** What etcd says is wrong; null when nothing is. */
export function refusalIn(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const { error, message } = body as Fields;
  if (typeof message === 'string') return message;
  if (typeof error === 'string') return error;
  // Of a stream.
  return error === undefined ? null : (refusalIn(error) ?? 'an error without a message');
}

const LONGEST = 80;

function misshapen(expected: string, found: unknown): WitnessAway {
  const text = found === undefined ? 'nothing' : JSON.stringify(found);
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return new WitnessAway(`expected ${expected}, found ${short}`);
}
