// What the fakes saw, in one ordered list: packets, frames, scripts, addresses, wills, what the services were
// told, signs of life. What came before what is asked here. Judges nothing.
import type { WitnessOrder } from '../../src/model/witness.js';
import type { SentFrame, SentMessage } from './fake-kernel.js';
import { decodeArpFrame } from '../../src/wire/arp.js';
import { addressFromBytes } from '../../src/model/address.js';
import type { LinkAddress } from '../../src/model/link.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import type { LastWill, Program, RunRequest } from '../../src/executor/executor.js';

/** What the services of a driver were told. */
export type Told =
  | { readonly kind: 'check'; readonly peer: string }
  | { readonly kind: 'ask-gateway' }
  | { readonly kind: 'witness'; readonly order: WitnessOrder }
  | { readonly kind: 'news'; readonly report: PeerReport }
  | { readonly kind: 'bypass'; readonly desired: string; readonly reason: string }
  | { readonly kind: 'transition'; readonly to: string };

export type Deed =
  | { readonly kind: 'advertisement'; readonly sent: SentMessage }
  | { readonly kind: 'frame'; readonly sent: SentFrame }
  | { readonly kind: 'script'; readonly request: RunRequest }
  /** The kernel has told of it, or is about to. */
  | { readonly kind: 'address' | 'address-removed'; readonly address: LinkAddress }
  | { readonly kind: 'will'; readonly will: LastWill | null }
  | { readonly kind: 'standby'; readonly program: Program | null }
  | { readonly kind: 'finish' }
  /** By CLOCK_BOOTTIME. */
  | { readonly kind: 'hold-until'; readonly until: number | null }
  | { readonly kind: 'notification'; readonly message: string }
  | { readonly kind: 'lease'; readonly change: 'taken' | 'revoked' }
  /** `onChange`: state.json is to be written, a person should see it. */
  | { readonly kind: 'change' }
  | { readonly kind: 'record' }
  | Told;

export class Trace {
  readonly #deeds: Deed[] = [];

  add(deed: Deed): void {
    this.#deeds.push(deed);
  }

  /** How many there are: a mark for `since`. */
  get length(): number {
    return this.#deeds.length;
  }

  /** All of them, or those of `kinds`, from `mark` on. */
  since(mark: number, ...kinds: readonly Deed['kind'][]): readonly Deed[] {
    const from = this.#deeds.slice(mark);
    return kinds.length === 0 ? from : from.filter(({ kind }) => kinds.includes(kind));
  }

  /** The same as a line each: what an assertion compares, and a failure shows. */
  lines(mark: number, ...kinds: readonly Deed['kind'][]): string[] {
    return this.since(mark, ...kinds).map(lineOf);
  }
}

/** A deed in a few words, without times. */
export function lineOf(deed: Deed): string {
  switch (deed.kind) {
    case 'advertisement':
      return `advertisement ${deed.sent.message[2]} to ${deed.sent.destination}`;
    case 'frame':
      return `announce ${announcedBy(deed.sent.frame)}`;
    case 'script':
      return `script ${deed.request.input.trim().split('\n').map(order).join(', ')}`;
    case 'address':
      return `address ${deed.address.address}${deed.address.usable ? '' : ', not in service'}`;
    case 'address-removed':
      return `address gone ${deed.address.address}`;
    case 'will':
      return deed.will === null ? 'no will' : `will, ${deed.will.farewell.length} farewells`;
    case 'standby':
      return `standby ${deed.program?.argv.join(' ') ?? 'none'}`;
    case 'ask-gateway':
    case 'finish':
      return deed.kind;
    case 'hold-until':
      return `hold until ${deed.until ?? 'ever'}`;
    case 'witness':
      return `witness ${deed.order}`;
    case 'notification':
      return deed.message;
    case 'lease':
      return `lease ${deed.change}`;
    case 'change':
    case 'record':
      return deed.kind;
    case 'check':
      return `check ${deed.peer}`;
    case 'news':
      return `news ${deed.report.routers.map(news).join(', ')}`;
    case 'bypass':
      return `bypass ${deed.desired}: ${deed.reason}`;
    case 'transition':
      return `transition ${deed.to}`;
  }
}

/** `address replace 10.99.0.100/24 dev eth0 …` without what does not say which. */
const order = (line: string): string => line.split(' ').slice(1, 3).join(' ');

const news = (router: PeerReport['routers'][number]): string =>
  `${router.state} ${router.addressesPresent ? 'with' : 'without'} addresses`;

/** The address that a gratuitous ARP or an unsolicited neighbor advertisement (RFC 4861 §4.4) is about. */
const announcedBy = (frame: Uint8Array): string =>
  decodeArpFrame(frame)?.senderAddress ?? addressFromBytes(frame, 14 + 40 + 8, 'ipv6');
