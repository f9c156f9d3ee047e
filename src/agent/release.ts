// `understudy release`: takes off every address that an agent has put on this host and could not take off
// itself. What nobody recorded stays. Runs in a process of its own, so it may wait for the script; no election.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Settings } from '../config/settings.js';
import type { Kernel, NetworkWatch } from '../kernel/kernel.js';
import { formatAddressWithPrefix } from '../model/address.js';
import type { Link, LinkAddress } from '../model/link.js';
import { acceptModeLine, type AddressTarget } from '../model/netlink-script.js';
import { removalLines } from './address-plan.js';
import { sayFarewell } from './farewell.js';
import { scriptRequest, type Runner } from './keeping.js';
import { recognize, type Leftovers, type Standing } from './leftovers.js';
import { OwnAddresses, placeOf } from './own-addresses.js';
import { createBackgroundFile } from '../files/background-file.js';
import { formatState, readState, stateFilePath, type State } from '../journal/state-file.js';
import { placeOfAddresses, virtualMacNamed } from '../model/virtual-mac.js';
import { placed } from './placement.js';
import { putBackParent } from './virtual-mac-settings.js';

interface Released {
  /** `10.99.0.100/24 on eth0`, `the interface us51v4`. */
  readonly removed: readonly string[];
  /** Settings of interfaces, as `net.ipv4.conf.eth0.arp_ignore = 0`. */
  readonly putBack: readonly string[];
  readonly remaining: readonly string[];
  /** Virtual addresses that stand, and that no agent has put there as far as is known. */
  readonly foreign: readonly string[];
  readonly problem: string | null;
}

interface ReleaseInput {
  readonly kernel: Kernel;
  readonly stateDirectory: string;
  readonly runner: Runner;
  /** Null when they are invalid: then nobody can be told, but what is recorded goes. */
  readonly settings: Settings | null;
}

/** One address that stands. */
interface Found {
  readonly link: Link;
  readonly address: LinkAddress;
}

/**
 * Removes what stands because of an agent: what state.json says it has added, or was about to add, and what
 * has a lifetime that only we give. When the agent died as Active, a successor is told, and given its time,
 * first. That it died stays in state.json: the next agent counts the crash.
 * @throws KernelError without access to the kernel's addresses.
 */
export async function removeAddresses(input: ReleaseInput): Promise<Released> {
  const { kernel, settings } = input;
  const statePath = stateFilePath(input.stateDirectory);
  const recorded = readState(statePath);
  const watch = kernel.openNetworkWatch(() => undefined);
  try {
    const { state } = recorded;
    const configured = found(watch, (settings?.virtualRouters ?? []).map(placed));
    const ours = oursOf(watch, state, settings);
    if (settings !== null && (state.active || state.keeps) && ours.size > 0) {
      await sayFarewell(kernel, settings, (router) =>
        router.addresses.some((address) => ours.has(placeOf(placed(router).interface, address))),
      );
    }
    const closes = closed(state, settings);
    const links = linksOf(watch, state, settings);
    const problem =
      ours.size + links.length === 0 && !closes
        ? null
        : runScript(input.runner, watch, [...ours.values()], { closes, links });
    const putBack = putBackParents(kernel, watch, state);
    watch.resynchronize(() => undefined);
    const remaining = [...ours].filter(([, one]) => stands(watch, one));
    const left = remaining.map(([, one]) => targetOf(one));
    const linksLeft = linksOf(watch, state, settings);
    const written = createBackgroundFile(statePath, true);
    if (existsSync(statePath) || left.length + linksLeft.length > 0) {
      const virtualMacs = { links: linksLeft, parents: [] };
      written.write(
        formatState({ ...state, standing: left, mayAdd: [], virtualMacs, keeps: false }),
      );
      await written.flush();
    }
    const places = new Set(remaining.map(([place]) => place));
    const linksGone = links.filter((name) => !linksLeft.includes(name));
    return {
      removed: [
        ...[...ours].filter(([place]) => !places.has(place)).map(([, one]) => describe(one)),
        ...linksGone.map(describeLink),
      ],
      putBack,
      remaining: [...remaining.map(([, one]) => describe(one)), ...linksLeft.map(describeLink)],
      foreign: foreignOf(configured, ours, settings).map(describe),
      problem: problem ?? recorded.problem ?? written.problem(),
    };
  } finally {
    watch.close();
  }
}

/** What stands of all that the next agent would take for its own, by place. */
function oursOf(
  watch: NetworkWatch,
  state: Leftovers,
  settings: Settings | null,
): Map<string, Found> {
  const own = new OwnAddresses();
  const routers = (settings?.virtualRouters ?? []).map(placed);
  const vip = settings?.vip ?? { leaseSeconds: 0 };
  recognize(own, { network: standingBy(watch), vip, routers, leftovers: state });
  return distinct(found(watch, own.targets()));
}

function standingBy(watch: NetworkWatch): Standing {
  return {
    linkNamed: (name) => watch.linkNamed(name),
    linkAt: (index) => watch.links.get(index),
    standingOn: (name) => watch.addressesOn(watch.linkNamed(name)?.index),
  };
}

/** The owner's (priority 255) are the interface's own, as they should be. */
function foreignOf(
  configured: readonly Found[],
  ours: ReadonlyMap<string, Found>,
  settings: Settings | null,
): Found[] {
  const owned = new Set(
    (settings?.virtualRouters ?? [])
      .filter(({ priority }) => priority === 255)
      .flatMap(({ interface: name, addresses }) => addresses.map((one) => placeOf(name, one))),
  );
  return [...distinct(configured)]
    .filter(([place]) => !ours.has(place) && !owned.has(place))
    .map(([, one]) => one);
}

/** What of the targets stands. */
function found(watch: NetworkWatch, targets: readonly AddressTarget[]): Found[] {
  return targets.flatMap(({ interface: name, addresses }) => {
    const link = watch.linkNamed(name);
    if (link === undefined) return [];
    const listed = new Set(addresses.map(formatAddressWithPrefix));
    return watch
      .addressesOn(link.index)
      .all()
      .filter((one) => listed.has(formatAddressWithPrefix(one)))
      .map((address) => ({ link, address }));
  });
}

/** By place, each once. */
const distinct = (all: readonly Found[]): Map<string, Found> =>
  new Map(all.map((one) => [placeOf(one.link.name, one.address), one]));

const stands = (watch: NetworkWatch, { link, address }: Found): boolean =>
  watch.addressesOn(link.index).get(formatAddressWithPrefix(address)) !== undefined;

const targetOf = ({ link, address: { address, prefixLength } }: Found): AddressTarget => ({
  interface: link.name,
  linkIndex: link.index,
  addresses: [{ address, prefixLength }],
});

const describeLink = (name: string): string => `the interface ${name}`;

/** The macvlans that are there because of an agent: recorded, or named by the settings, and with our MAC address. */
function linksOf(watch: NetworkWatch, state: State, settings: Settings | null): string[] {
  const configured = (settings?.virtualRouters ?? []).filter(({ virtualMac }) => virtualMac);
  const names = new Set([...state.virtualMacs.links, ...configured.map(placeOfAddresses)]);
  return [...watch.links.values()]
    .filter(
      ({ name, macAddress }) => names.has(name) && virtualMacNamed(name)?.macAddress === macAddress,
    )
    .map(({ name }) => name);
}

function putBackParents(kernel: Kernel, watch: NetworkWatch, state: State): string[] {
  return state.virtualMacs.parents.flatMap((before) => {
    const link = watch.links.get(before.linkIndex);
    if (link === undefined) return [];
    const { arpIgnore, arpAnnounce } = putBackParent(kernel, before, link);
    const setting = (name: string, value: number | undefined): string[] =>
      value === undefined ? [] : [`net.ipv4.conf.${link.name}.${name} = ${value}`];
    return [...setting('arp_ignore', arpIgnore), ...setting('arp_announce', arpAnnounce)];
  });
}

const describe = ({ link, address }: Found): string =>
  `${formatAddressWithPrefix(address)} on ${link.name}`;

/** Whether addresses may have been closed (acceptMode: false): what stands no longer is open again. */
const closed = ({ standing, mayAdd }: State, settings: Settings | null): boolean =>
  [...standing, ...mayAdd, ...(settings?.virtualRouters ?? [])].some(
    ({ acceptMode }) => acceptMode === false,
  );

function runScript(
  runner: Runner,
  watch: NetworkWatch,
  ours: readonly Found[],
  { closes, links }: { readonly closes: boolean; readonly links: readonly string[] },
): string | null {
  const standingOn = (name: string): readonly LinkAddress[] =>
    watch.addressesOn(watch.linkNamed(name)?.index).all();
  const { script } = runner;
  const request = scriptRequest(runner, [
    ...(closes ? [acceptModeLine([])] : []),
    ...removalLines(ours.map(targetOf), standingOn, links),
  ]);
  const [program = script, ...args] = request.argv;
  const { status, error, stderr } = spawnSync(program, args, {
    input: request.input,
    encoding: 'utf8',
    timeout: request.timeout,
  });
  // A script that ends without reading its input leaves an EPIPE beside its exit code.
  if (status === 0) return null;
  if (status === null && error !== undefined) return `${script}: ${error.message}`;
  return `${script}: exit code ${status ?? 'none'}: ${stderr.trim()}`;
}
