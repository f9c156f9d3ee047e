// From the parts of a keepalived.conf to the settings of one appliance. What is said before and after: see order.ts.
import { familyOf, formatAddressWithPrefix, type IpAddress } from '../model/address.js';
import type { Account } from './account.js';
import { hookOf, type ImportedHook } from './hook.js';
import type { Instance, Parts } from './parts.js';
import { routersOf, type ImportedRouter } from './routers.js';
import { watchingOf, type Watching } from './watching.js';

/** What a keepalived.conf does not say. */
export interface ImportChoices {
  /** Name of this appliance. */
  readonly name: string;
  /** Whether this is the appliance that is preferred. */
  readonly primary: boolean;
  /** The other one, when it is to be known by the HA port. */
  readonly peer: { readonly name: string; readonly addresses: readonly IpAddress[] } | null;
  /** Where a transition hook is to stand, if one is needed. */
  readonly hookPath: string;
}

export interface ImportedSettings {
  /** In the form of the settings file. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly hook: ImportedHook | null;
  /** Two share the work, each holding a part: only with a peer can that stay so. */
  readonly shared: boolean;
}

const HIGHEST_PRIORITY = 254;
const DEFAULT_KEY_FILE = '/etc/understudy/ha.key';

export function settingsOf(
  parts: Parts,
  choices: ImportChoices,
  account: Account,
): ImportedSettings {
  const routers = routersOf(parts.instances, account);
  const carriers = new Set(routers.map((router) => router.interface));
  const watching = watchingOf(parts, { knowsPeer: choices.peer !== null, carriers }, account);
  const shared = sharesWork(parts);
  const hook = hookOf(routers, parts.groups, choices.hookPath, account);
  explainGroups(parts, shared && choices.peer !== null, account);
  const named = shared ? choices.peer : null;
  const highest = Math.max(...parts.instances.map(({ priority }) => priority));
  const priorityOf = ({ instance }: ImportedRouter): number => {
    const { priority, priorityAt } = instance;
    const base = shared && named === null ? highest : priority;
    if (base !== priority) {
      account.changed(
        priorityAt,
        `${base} for all: in active-passive they move together; with --peer each could have its own primary`,
      );
    }
    if (base === 255 || watching.raise === 0) return base;
    const raised = Math.min(HIGHEST_PRIORITY, base + watching.raise);
    account.changed(priorityAt, `${raised}, with what positive weights add`);
    return raised;
  };
  const delay = Math.max(0, ...parts.instances.map((one) => one.preemptDelaySeconds));
  return {
    settings: {
      ...(choices.peer === null ? {} : { name: choices.name }),
      ha: haOf(choices, named !== null, delay),
      virtualRouters: routers.map((router) => ({
        ...routerSettings(router, priorityOf(router)),
        ...(named === null ? {} : { primary: ownerOf(router.instance, choices, named.name) }),
      })),
      ...monitoring(watching),
      ...(hook === null ? {} : { hooks: { transition: hook.path } }),
    },
    hook,
    shared,
  };
}

/**
 * Whether one appliance begins as Active of some and as Backup of others, with priorities that say the same. Where
 * they do not, state is only how keepalived begins.
 */
function sharesWork({ instances }: Parts): boolean {
  const first = instances.filter(({ startsActive }) => startsActive);
  const second = instances.filter(({ startsActive }) => !startsActive);
  if (first.length === 0 || second.length === 0) return false;
  const lowest = Math.min(...first.map(({ priority }) => priority));
  return second.every(({ priority }) => priority < lowest);
}

const ownerOf = ({ startsActive }: Instance, { name }: ImportChoices, peer: string): string =>
  startsActive ? name : peer;

function haOf(
  { primary, peer }: ImportChoices,
  activeActive: boolean,
  delay: number,
): Readonly<Record<string, unknown>> {
  return {
    mode: activeActive ? 'active-active' : 'active-passive',
    primary,
    ...(delay === 0 ? {} : { preemptDelaySeconds: delay }),
    ...(peer === null
      ? {}
      : {
          keyFile: DEFAULT_KEY_FILE,
          peers: [{ name: peer.name, addresses: [...peer.addresses] }],
        }),
  };
}

function routerSettings(
  router: ImportedRouter,
  priority: number,
): Readonly<Record<string, unknown>> {
  const { instance, family } = router;
  const peers = instance.unicastPeers.filter((peer) => familyOf(peer) === family);
  return {
    name: router.name,
    interface: router.interface,
    vrid: router.vrid,
    addresses: router.addresses.map(formatAddressWithPrefix),
    priority,
    ...(instance.intervalMs === 1000 ? {} : { advertisementIntervalMs: instance.intervalMs }),
    ...(instance.preempt ? {} : { preempt: false }),
    ...(peers.length === 0 ? {} : { unicastPeers: peers }),
    ...(router.virtualMac ? { virtualMac: true } : {}),
    ...(router.acceptMode ? {} : { acceptMode: false }),
  };
}

const monitoring = ({ checks, pairs }: Watching): Readonly<Record<string, unknown>> => ({
  ...(pairs.length === 0
    ? {}
    : { linkMonitoring: { pairs: pairs.map((pair) => [...pair]), minimumActive: pairs.length } }),
  ...(checks.length === 0 ? {} : { checks }),
});

/** Who moves with whom. */
function explainGroups({ instances, groups }: Parts, alone: boolean, account: Account): void {
  for (const { place, members } of groups) {
    if (alone && members.length > 1) {
      account.changed(
        place,
        'in active-active each virtual router moves alone; their primaries agree',
      );
    } else account.kept(place, 'in active-passive all virtual routers move together');
  }
  const grouped = new Set(groups.flatMap(({ members }) => members));
  if (alone || instances.length < 2) return;
  for (const { name, place } of instances) {
    if (!grouped.has(name)) {
      account.changed(place, 'in no group, and moves with all others here (active-passive)');
    }
  }
}
