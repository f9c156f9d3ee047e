// Name resolution for checks. No cache: a host is looked up for every attempt.
import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** Lookups under way, by host name and family. */
const underWay = new Map<string, Answer[]>();

/**
 * Like `dns.lookup`, but a name that is being looked up is not looked up again beside it. A lookup
 * cannot be cancelled and holds one of few threads: with a resolver that does not answer, checks
 * that have long timed out would pile up behind each other.
 */
export const sharedLookup: LookupFunction = (host, options, callback) => {
  const respond: Answer = (error, addresses) => {
    const [first] = addresses;
    if (error !== null || first === undefined) {
      callback(error ?? new Error(`${host} has no address`), '', 0);
    } else if (options.all === true) {
      callback(null, addresses);
    } else {
      callback(null, first.address, first.family);
    }
  };
  const key = `${options.family ?? 0} ${options.hints ?? 0} ${host}`;
  const waiting = underWay.get(key);
  if (waiting !== undefined) {
    waiting.push(respond);
    return;
  }
  const answers = [respond];
  underWay.set(key, answers);
  const all: LookupOptions & { all: true } = { ...options, all: true };
  resolve(host, all, (error, addresses) => {
    underWay.delete(key);
    for (const answer of answers) answer(error, error === null ? addresses : []);
  });
};
