// A rotation of the HA port's key in words: which peer has which key, and what is left to do. Digests only.
import type { KeyStatus, PeerStatus } from '../model/status.js';

export interface KeyWords {
  /** What parts the two at the next restart of either. */
  readonly lacks: readonly string[];
  /** What is under way, and costs nothing. */
  readonly remarks: readonly string[];
}

type Peer = Pick<PeerStatus, 'name' | 'keys'>;

/** `keys` are ours, the one that is preferred first. */
export function keyWords(keys: readonly KeyStatus[], peers: readonly Peer[]): KeyWords {
  const [first] = keys;
  if (first === undefined) return { lacks: [], remarks: [] };
  const known = peers.flatMap(({ name, keys: theirs }) => {
    const accepts = theirs === undefined ? [] : theirsOf(theirs);
    return accepts.length === 0 ? [] : [{ name, accepts }];
  });
  const parted = known.filter(({ accepts }) => standsOnMemory(keys, accepts));
  const late = known.filter((peer) => !peer.accepts.includes(first.digest));
  const ahead = known.filter(({ accepts: [theirs] }) => !keys.some((one) => one.digest === theirs));
  const former = keys.find(({ place }) => place === 'former');
  const everywhere = peers.length > 0 && peers.every((peer) => peer.keys?.settled === true);
  return {
    lacks: parted.map(({ name, accepts }) => {
      const shared = keys.find(({ digest }) => accepts.includes(digest))?.digest ?? '';
      return `the key file here and that of ${name} differ (${first.digest}, ${accepts.join(' and ')}): they speak under ${shared} until one of the two agents ends; copy one file to both and reload`;
    }),
    remarks: [
      ...late
        .filter((peer) => !parted.includes(peer))
        .map(
          ({ name }) =>
            `${name} does not have the new key ${first.digest} yet: copy the key file there and reload its agent`,
        ),
      ...ahead
        .filter((peer) => !parted.includes(peer))
        .map(
          ({ name, accepts: [theirs = ''] }) =>
            `${name} has the new key ${theirs}: copy its key file here and reload this agent`,
        ),
      ...(former !== undefined && everywhere
        ? [
            `the former key ${former.digest} is accepted, and no peer needs it: understudy key retire`,
          ]
        : []),
    ],
  };
}

/** An earlier release does not say what it accepts. */
const theirsOf = ({ accepts, speaksUnder }: NonNullable<Peer['keys']>): readonly string[] =>
  accepts ?? (speaksUnder === null ? [] : [speaksUnder]);

const PLACES = { key: '', former: ' (former)', memory: ' (no longer in the file)' } as const;

const listed = (keys: readonly KeyStatus[]): string =>
  keys.map(({ digest, place }) => `${digest}${PLACES[place]}`).join(', ') || 'none';

/** What a reload has changed of the keys in force, as a line of its answer; none when they are the same. */
export function keyChanges(before: readonly KeyStatus[], after: readonly KeyStatus[]): string[] {
  const [former, now] = [listed(before), listed(after)];
  return former === now ? [] : [`key of the HA port: ${former} → ${now}`];
}

/** Only a key that no file here has any longer is common to the two. */
function standsOnMemory(keys: readonly KeyStatus[], accepts: readonly string[]): boolean {
  const common = keys.filter(({ digest }) => accepts.includes(digest));
  return common.length > 0 && common.every(({ place }) => place === 'memory');
}
