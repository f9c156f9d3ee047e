// The decision table: what the peers add to RFC 9568, row by row. A decision names the row that it follows; each
// row is one branch of this folder, and one test of test/core/decisions/decision-table.test.ts. No decision is taken here.
import type { TransitionReason } from '../../model/reasons.js';
import type { Instant } from '../../model/units.js';
import type { TakeoverReason } from '../machine/states.js';
import type { Peer, PeerView } from '../peers/peers.js';
import type { HoldCause } from '../machine/router-state.js';

/** Who sees it, what is seen, and what follows. */
type Line = readonly [who: 'Backup' | 'Active' | 'any', evidence: string, action: string];

export const ROWS = {
  'priority 0: ours': [
    'Backup',
    'priority 0, and we are the best candidate known',
    'Active at once',
  ],
  'priority 0: in turn': [
    'Backup',
    'priority 0, and somebody else comes first, or we had no addresses just now',
    'Active after Skew_Time (RFC 9568)',
  ],
  'released: ours': [
    'Backup',
    'a peer gives the role up, and we are the best candidate known',
    'Active at once',
  ],
  'released: better side': [
    'Backup',
    'a peer on the worse side of a split link gives the role up to us',
    'Active at once',
  ],
  'released: out of touch': [
    'Backup',
    'a peer gives the role up, no peer is in touch, and there is a witness',
    'after Skew_Time ask the witness for the lease',
  ],
  'released: others first': [
    'Backup',
    'a peer gives the role up, and somebody else comes first',
    'Active after Skew_Time, unless that one is',
  ],
  'released: in turn': [
    'Backup',
    'Skew_Time is over, and nobody has taken the released role',
    'Active, by agreement',
  ],
  'released: taken': ['Backup', 'a peer gives the role up, and another one has it', 'stay'],
  'released: failed before': [
    'Backup',
    'a peer gives the role up, and we had no addresses just now',
    'stay, unless an operator insists for the first time',
  ],
  'overdue: ask': [
    'Backup',
    'an advertisement is overdue by half an interval',
    'ask the Active over the HA port',
  ],
  'overdue: ask the gateway': [
    'Backup',
    'an advertisement is overdue by half an interval, and the Active speaks elsewhere',
    'ask the gateway at once, on both sides',
  ],
  'unanswered: ask the gateway': [
    'any',
    'a check over the link went unanswered, and another path to the same peer works',
    'ask the gateway at once, on both sides',
  ],
  'silent: ask': [
    'Backup',
    'the Active is about to be silent on every path',
    'ask on the link, by priority 0',
  ],
  'silent: dead': [
    'Backup',
    'silent on every path, the link among the last, and no answer on the link',
    'Active at once',
  ],
  'silent: no proof': [
    'Backup',
    'silent on every path, but its advertisements go on, or are not overdue yet',
    'no move; event ha-path-lost',
  ],
  'down: as the RFC says': [
    'Backup',
    'Active_Down_Timer fires, and nobody is known to be Active',
    'Active',
  ],
  'down: not asked yet': [
    'Backup',
    'Active_Down_Timer fires, and the Active was not asked since it is overdue',
    'stay once more, and ask',
  ],
  'down: adverts lost': [
    'Backup',
    'Active_Down_Timer fires, the peer says that it is Active, and is reached on the link',
    'stay; event adverts-lost; the peer sends to our own address too',
  ],
  'down: link split': [
    'Backup',
    'Active_Down_Timer fires, the peer says that it is Active, and is not reached on the link',
    'stay; event lan-split; the worse side yields',
  ],
  'down: stands back': [
    'Backup',
    'Active_Down_Timer fires, an operator sent us away, and somebody else could take the role',
    'let that one go first, once',
  ],
  'down: tied': [
    'Backup',
    'Active_Down_Timer fires, and a better candidate has our priority',
    'let that one go first, once',
  ],
  'down: taken': ['Backup', 'our turn has come, and a peer has the role rightly', 'stay'],
  'down: deaf link': [
    'Backup',
    'we could preempt, but the Active does not answer over the link',
    'stay',
  ],
  'handover: done': [
    'Active',
    'we ask for a successor, and a peer is Active with its addresses',
    'yield to it',
  ],
  'handover: being taken': [
    'Active',
    'the time for a successor is over, and one is putting its addresses in place',
    'wait for it',
  ],
  'handover: nobody': [
    'Active',
    'the time for a successor is over, and nobody has taken the role',
    'keep it; ask again after 5 s',
  ],
  'handover: ordered out': [
    'Active',
    'the time is over, and an operator wants us out, or a peer is Active',
    'leave, with priority 0',
  ],
  'stalled: another one': [
    'Active',
    'we listen after a stall, and a peer is Active with its addresses',
    'yield to it',
  ],
  'addresses gone: another one': [
    'Active',
    'our addresses are gone, and a peer has become Active since, with its own',
    'yield to it',
  ],
  'both: seen': ['Active', 'a peer is Active too', 'wait as long as a handover takes'],
  'both: worse': [
    'Active',
    'a peer is Active for longer than that, and the better one (on a split link: the better side)',
    'yield to it; event dual-active',
  ],
  'both: better': [
    'Active',
    'a peer is Active for longer than that, and the worse one',
    'announce again; event dual-active',
  ],
  'both: over': ['Active', 'the other Active has gone', 'announce again'],
  'split: worse side': [
    'Active',
    'a Backup that does not hear us stands on the better side of a split link',
    'ask it to take over; event lan-split',
  ],
  'group: elsewhere': [
    'Active',
    'the first of the group is with a peer that could take this one too',
    'ask it to take over',
  ],
  'group: to follow': [
    'Active',
    'a better Active has taken one before it in the group, and says over the HA port that it is there',
    'ask it to take over',
  ],
  'group: given up': [
    'Active',
    'a better Active has taken one before it in the group, and says nothing over the HA port',
    'leave, with priority 0',
  ],
  'out: to a successor': [
    'Active',
    'an operator wants us out, nothing is broken, and a peer is fit',
    'ask for a successor',
  ],
  'out: asked already': [
    'Active',
    'an operator wants us out, and a successor is asked for',
    'wait',
  ],
  'out: at once': [
    'any',
    'a fault, or an operator wants us out and nobody is fit',
    'leave the election',
  ],
  'soft fault: to a sound peer': [
    'Active',
    'a soft fault, and a peer that has none',
    'ask for a successor',
  ],
  'witness: ask': [
    'Backup',
    'its turn has come, a peer is out of touch, and the lease of the witness is not ours',
    'stay, and ask the witness for the lease',
  ],
  'witness: no contact': [
    'Backup',
    'we could preempt, but the Active is out of touch on the HA port, and the lease is its own',
    'stay',
  ],
  'witness: ours': [
    'Backup',
    'it asks for the lease, and the lease is ours; who was there before has let go by now',
    'Active',
  ],
  'witness: over': [
    'Active',
    'no peer is in touch, and the lease ends, or there is none',
    'leave, with priority 0, in time for the addresses to be gone',
  ],
} as const satisfies Readonly<Record<string, Line>>;

export type Row = keyof typeof ROWS;

/** What a decision wants done; apply.ts does it. */
type Act =
  /** Nothing: the row says so, or RFC 9568 has done it. */
  | { readonly act: 'stay' }
  /** Let the timer of RFC 9568 that has fired do its work. */
  | { readonly act: 'timer' }
  /** `agreed`: by somebody who leaves, and is not to be obeyed until it hears us. */
  | { readonly act: 'take-over'; readonly reason: TakeoverReason; readonly agreed: boolean }
  /** From a peer that gives the role up; null when it is not known any more which one. */
  | {
      readonly act: 'take-from';
      readonly reason: TakeoverReason;
      readonly leaver: PeerView | null;
    }
  | { readonly act: 'wait-in-turn' }
  | { readonly act: 'hold'; readonly cause: HoldCause | null }
  /** With the Skew_Time of this priority. */
  | { readonly act: 'defer'; readonly priority: number }
  | { readonly act: 'ask'; readonly peer: Peer; readonly hold: boolean }
  | { readonly act: 'ask-on-link' }
  | { readonly act: 'ask-gateway' }
  | { readonly act: 'ask-witness' }
  | { readonly act: 'say-path-lost'; readonly peer: string }
  | { readonly act: 'succeeded'; readonly reason: TransitionReason }
  | { readonly act: 'see-rival' }
  | { readonly act: 'rival-gone' }
  | { readonly act: 'outvote'; readonly rival: string; readonly yields: boolean }
  | { readonly act: 'release'; readonly reason: TransitionReason }
  | { readonly act: 'yield'; readonly reason: TransitionReason }
  | { readonly act: 'await'; readonly until: Instant }
  | { readonly act: 'keep'; readonly reason: TransitionReason }
  | { readonly act: 'shut-down'; readonly reason: TransitionReason };

/** What follows for one virtual router, and by which row. */
export type Verdict = Act & { readonly row: Row };
