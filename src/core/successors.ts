// Who could take the role from us when an operator orders us out; in words, what speaks against each peer and what to
// do about it. The orders themselves are operations.ts.
import { TRANSITION_REASONS } from '../model/reasons.js';
import type { Prospect } from './interface.js';
import type { PeerReport, PeerRouter } from '../model/peer-report.js';
import { holderAmong, isYielding } from './decisions/candidates.js';
import { isHealthy, routerAt, viewsOf, type Peer } from './peers/peers.js';
import type { Router } from './machine/router.js';
import { activeAddressOf } from './machine/router-state.js';
import type { InstanceState } from './instance-state.js';

/** What speaks against a peer as the next holder of a virtual router. */
export interface Objection {
  readonly text: string;
  readonly remedy: string;
  /** It could take the role all the same, if an operator insists. */
  readonly forcible: boolean;
  /** Nothing is known of it: it may be there, and take the role when it hears no advertisement. */
  readonly unknown: boolean;
}

/** What speaks against each of the peers; null when one of them is fit and sound. */
export function objectionsTo(instance: InstanceState, router: Router): readonly Objection[] | null {
  const objections: Objection[] = [];
  for (const peer of instance.peers.values()) {
    const objection = objectionTo(instance, router, peer);
    if (objection === null) return null;
    objections.push(objection);
  }
  return objections;
}

/** Who could take each virtual router that is Active here, if an operator ordered it now. */
export const prospectsOf = (instance: InstanceState): Prospect[] =>
  [...instance.routers.values()]
    .filter(({ state: { kind } }) => kind === 'Active')
    .map((router) => {
      const successors: string[] = [];
      const objections: Objection[] = [];
      for (const peer of instance.peers.values()) {
        const objection = objectionTo(instance, router, peer);
        if (objection === null) successors.push(peer.configuration.name);
        else objections.push(objection);
      }
      return { virtualRouter: router.configuration.name, successors, objections };
    });

/** Whether another router holds it already: it is heard on the link, or a peer says so. */
export const isHeldElsewhere = (instance: InstanceState, router: Router): boolean =>
  activeAddressOf(router.state) !== null ||
  holderAmong(viewsOf(instance.peers.values(), instance.placeOf(router), isHealthy)) !== null;

/** Whether every peer has said that it is out of the election. */
export const isAlone = ({ peers }: InstanceState): boolean =>
  peers.size > 0 && [...peers.values()].every(({ report }) => report?.fit === false);

function objectionTo(instance: InstanceState, router: Router, peer: Peer): Objection | null {
  const { name } = peer.configuration;
  const { report } = peer;
  if (!isHealthy(peer) || report === null) return unheard(name, peer);
  const theirs = routerAt(peer, instance.placeOf(router));
  if (theirs === null) {
    return out(`${name} has other virtual routers`, 'make the settings of both agree');
  }
  if (!report.fit) return out(`${name} is out: ${causeText(report)}`, remedyFor(name, report));
  if (theirs.state !== 'Backup' || theirs.releasing) {
    const doing = theirs.releasing ? 'gives it up itself' : `is ${theirs.state}`;
    return out(`${name} ${doing}`, `wait, then see \`understudy status\` for how ${name} stands`);
  }
  return forcible(instance, name, report, theirs);
}

/** Objections to a peer that could take the role, but would not keep it or would be of no use with it. */
function forcible(
  { agreement }: InstanceState,
  name: string,
  report: PeerReport,
  theirs: PeerRouter,
): Objection | null {
  const against = (text: string, remedy: string): Objection => ({
    text: `${name} ${text}`,
    remedy: `${remedy}, or insist with --force`,
    forcible: true,
    unknown: false,
  });
  const { cause, digests, sound } = report;
  if (isYielding({ report, router: theirs })) {
    return against(
      'is at priority 1 for 60 s: it could not add or keep its virtual addresses',
      `mend that on ${name} and wait until the 60 s are over`,
    );
  }
  if (!sound && cause?.doubtful !== true) {
    const monitors = cause?.detail ?? '';
    const failing = monitors === '' ? 'has a monitor that fails' : `has failing: ${monitors}`;
    return against(failing, `mend what the monitor of ${name} watches`);
  }
  return digests.addresses === agreement.digests.addresses
    ? null
    : against('has other virtual addresses', 'make the settings of both agree');
}

const out = (text: string, remedy: string): Objection => ({
  text,
  remedy,
  forcible: false,
  unknown: false,
});

const unheard = (name: string, { state }: Peer): Objection => ({
  text: `${name} ${state === 'unknown' ? 'has not answered yet' : 'is silent on every path'}`,
  remedy: `see that ${name} runs, that the HA port reaches it and that both have the same key, or insist with --force`,
  forcible: false,
  unknown: true,
});

const TEXTS: ReadonlyMap<string, string> = new Map(Object.entries(TRANSITION_REASONS));

/** `in maintenance, by an operator (root)`. */
export function causeText({ cause }: Pick<PeerReport, 'cause'>): string {
  if (cause === undefined) return 'it cannot take the role';
  const text = TEXTS.get(cause.reason) ?? cause.reason;
  return cause.detail === '' ? text : `${text} (${cause.detail})`;
}

const REMEDIES: Readonly<Record<string, string>> = {
  maintenance: 'understudy maintenance off',
  suspended: 'understudy flaps clear',
  bypassed: 'understudy bypass release',
  'mode-off': 'understudy set mode active-passive',
};

function remedyFor(name: string, report: PeerReport): string {
  const command = remedyOf(report);
  return command === null ? `mend that on ${name}` : `on ${name}: ${command}`;
}

/** The command that ends this cause, so that the peer takes part again; null when no command is enough. */
export function remedyOf({ cause }: Pick<PeerReport, 'cause'>): string | null {
  const command = cause && Object.hasOwn(REMEDIES, cause.reason) && REMEDIES[cause.reason];
  return typeof command === 'string' ? command : null;
}
