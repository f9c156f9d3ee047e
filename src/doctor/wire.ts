// Who else speaks on our VRIDs, and how. Pure; what was heard is gathered in listen.ts.
import type { VirtualRouterSettings } from '../config/settings.js';
import { DISCARD_REASONS } from '../model/advertisement.js';
import type { VirtualRouterStatus } from '../model/status.js';
import type { DoctorFacts, Heard } from './facts.js';
import { orSound, type DoctorFinding } from './finding.js';

export function wireFindings(facts: DoctorFacts): readonly DoctorFinding[] {
  const { heard, notListened, settings } = facts;
  if (heard === null) {
    return [
      ...discardedFindings(facts),
      {
        id: 'wire',
        level: 'warning',
        message: `nobody listened to the wire: ${notListened ?? 'no reason is known'}`,
        evidence: [],
        remedy: ['sudo understudy doctor'],
      },
    ];
  }
  const found = settings.virtualRouters.flatMap((router) =>
    heard
      .filter(({ virtualRouter }) => virtualRouter === router.name)
      .flatMap((one) => speakerFindings(router, one, facts)),
  );
  const all = [...found, ...discardedFindings(facts)];
  return orSound(all, 'wire', 'whoever speaks on our VRIDs speaks as we do');
}

/** What was discarded longer ago says nothing of now. */
const LATELY_MS = 86_400_000;

/**
 * What the agent has discarded lately on our VRIDs: also of a router that has fallen silent. A keepalived that speaks
 * VRRPv2 starts its timer anew at each packet of version 3: at a longer interval than ours it takes the addresses, says
 * so once and then never again. What is heard now is told as that.
 */
const discardedFindings = ({ agent, heard, settings }: DoctorFacts): DoctorFinding[] =>
  (agent?.status.virtualRouters ?? [])
    .filter(({ name }) => settings.virtualRouters.some((one) => one.name === name))
    .filter(({ name }) => !(heard ?? []).some((one) => one.virtualRouter === name && isOdd(one)))
    .flatMap((router) => discardedBy(router, Date.parse(agent?.status.time ?? '')));

/** Such packets are told of by whom they come. */
const isOdd = ({ version, dialect }: Heard): boolean => version === 2 || dialect === 'neither';

/** `now` by the agent's clock; NaN with an agent that does not tell it: then all counts. */
function discardedBy({ name, vrid, counters }: VirtualRouterStatus, now: number): DoctorFinding[] {
  const last: Readonly<Record<string, string>> = counters.lastErrors ?? {};
  return Object.entries(DISCARD_REASONS).flatMap(([reason, text]) => {
    const count = counters.errors[reason as keyof typeof DISCARD_REASONS] ?? 0;
    const at = last[reason];
    if (count === 0 || now - Date.parse(at ?? '') > LATELY_MS) return [];
    const when = at === undefined ? '' : `, the last at ${at}`;
    const finding: DoctorFinding = {
      id: 'wire',
      level: 'warning',
      message: `packets with VRID ${vrid} were discarded: ${text}`,
      evidence: [`understudy status: ${name}: ${count} ${reason}${when}`],
      remedy: [REMEDIES[reason] ?? 'understudy events --event packet-discarded'],
    };
    return [finding];
  });
}

/** What else than to look who it was. */
const REMEDIES: Readonly<Record<string, string>> = {
  version:
    'understudy events --event packet-discarded, for its address: a keepalived that speaks VRRPv2 may be silent and hold the addresses all the same; write vrrp_version 3 into global_defs of its keepalived.conf, or stop it',
  stale:
    'understudy events --event packet-discarded, for its address; timedatectl on both: advertisements are signed with the time, and the two clocks must agree',
  signature:
    'understudy events --event packet-discarded, for its address; if that is a peer, copy signing.keyFile from one of the two to the other, then: understudy reload',
  signingKey: 'write the same keys into signing.keyFile on both, then: understudy reload',
};

function speakerFindings(
  router: VirtualRouterSettings,
  one: Heard,
  facts: DoctorFacts,
): DoctorFinding[] {
  const packet = `${one.source} on ${router.interface}: VRRPv${one.version}, VRID ${router.vrid}, priority ${one.priority}, ${one.intervalMs} ms, ${one.addresses.join(' ')}`;
  const complaints = one.version === 2 ? [version2(router, one)] : contrasts(router, one, facts);
  return complaints.map(([level, message, remedy]) => ({
    id: 'wire',
    level,
    message,
    evidence: [packet],
    remedy: [remedy],
  }));
}

type Complaint = readonly [level: 'warning' | 'failure', message: string, remedy: string];

function version2({ vrid }: VirtualRouterSettings, one: Heard): Complaint {
  const secret = one.authentication === 0 ? '' : ', with authentication';
  return [
    'failure',
    `${one.source} speaks VRRPv2${secret} on VRID ${vrid}, and neither hears the other: both are Active`,
    'write vrrp_version 3 into global_defs of its keepalived.conf, without authentication; see docs/IMPORT.md',
  ];
}

function contrasts(
  router: VirtualRouterSettings,
  { source, intervalMs, addresses, priority, unicast, dialect, signed }: Heard,
  { settings }: DoctorFacts,
): Complaint[] {
  const found: Complaint[] = [];
  const ours = router.advertisementInterval * 10;
  if (intervalMs !== ours) {
    found.push([
      'warning',
      `${source} advertises every ${intervalMs} ms, and we every ${ours} ms`,
      `write advertisementIntervalMs: ${intervalMs} here, or ${ours} there`,
    ]);
  }
  const wanted: string[] = router.addresses.map(({ address }) => address);
  if (wanted.toSorted().join() !== [...addresses].toSorted().join()) {
    found.push([
      'warning',
      `${source} lists other addresses for VRID ${router.vrid}`,
      `write the same on both; here: ${wanted.join(' ')}`,
    ]);
  }
  const { peers } = settings.ha;
  if (peers.length > 0 && !peers.some((peer) => peer.addresses.some((own) => own === source))) {
    found.push([
      'warning',
      `${source} is no peer, and advertises VRID ${router.vrid}: another pair on this link?`,
      'give one of the two pairs another vrid, on both of its appliances',
    ]);
  }
  if (priority === router.priority) {
    found.push([
      'warning',
      `${source} has our priority, ${priority}: the greater address decides`,
      'understudy set primary on, on the appliance that is preferred, and off on the other',
    ]);
  }
  found.push(...checksums(router, source, dialect), ...signatures(router, source, signed));
  if (unicast !== router.unicastPeers.length > 0) {
    const [theirs, mine] = unicast ? ['unicast', 'multicast'] : ['multicast', 'unicast'];
    found.push([
      'failure',
      `${source} advertises by ${theirs}, and we by ${mine}: one of the two is not heard`,
      'list the other one in unicastPeers on both, or on neither',
    ]);
  }
  return found;
}

/** What one of the two does not hear of the other. */
function signatures(
  { signed: ours, vrid }: VirtualRouterSettings,
  source: string,
  theirs: boolean,
): Complaint[] {
  if (theirs && ours === 'off') {
    const message = `${source} signs what it sends on VRID ${vrid}, and we look at no signatures: it is not heard`;
    return [
      [
        'failure',
        message,
        'write signed: receive for the virtual router here, with the keys of that one in signing.keyFile',
      ],
    ];
  }
  if (theirs || ours !== 'require') return [];
  const message = `${source} signs nothing that it sends on VRID ${vrid}, and we ask for signatures: it is not heard`;
  return [
    [
      'failure',
      message,
      'let it sign, or write signed: send for the virtual router here until it does',
    ],
  ];
}

/** We take both forms; others do not. With `auto` we send what we hear. */
function checksums(
  { checksum }: VirtualRouterSettings,
  source: string,
  dialect: Heard['dialect'],
): Complaint[] {
  if (dialect === null || dialect === checksum) return [];
  if (dialect === 'neither') {
    const message = `${source} sends a checksum that fits neither RFC 9568 nor RFC 5798: it is discarded`;
    return [['failure', message, 'look for what changes its packets on the way, or for its fault']];
  }
  if (checksum === 'auto') return [];
  const message = `${source} sends the IPv4 checksum of ${NAMES[dialect]}, and we are told to send that of ${NAMES[checksum]}: it may refuse ours`;
  return [['failure', message, `write checksum: ${dialect}, or auto, for the virtual router here`]];
}

const NAMES = { rfc9568: 'RFC 9568', rfc5798: 'RFC 5798' } as const;
