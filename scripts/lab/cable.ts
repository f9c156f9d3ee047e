// The `ip` command that makes a cable: a pair of veth ends, each of which may stand in a namespace of its
// own. Puts no address on it and no end up.

/** One end of a cable. */
export interface CableEnd {
  readonly name: string;
  readonly mac?: string;
}

/** The far end may stand in another namespace: a name or a file, as `ip` takes them. */
export interface FarEnd extends CableEnd {
  readonly netns?: string;
}

/** Above what the kernel gives out by itself in a namespace that lives as long as a lab. */
const FIRST_INDEX = 1_000;
let cables = 0;

/**
 * The words of `ip` that make a cable. The near end gets an interface number that its far end, which the
 * kernel numbers, never has: of a pair whose numbers are equal Linux tells a lost carrier up to a second
 * late (linkwatch takes such a device for one that depends on no other).
 */
export function cable(near: CableEnd, far: FarEnd): string {
  const index = FIRST_INDEX + cables;
  cables += 1;
  const netns = far.netns === undefined ? '' : ` netns ${far.netns}`;
  return `link add name ${named(near)} index ${index} type veth peer name ${named(far)}${netns}`;
}

const named = ({ name, mac }: CableEnd): string =>
  mac === undefined ? name : `${name} address ${mac}`;
