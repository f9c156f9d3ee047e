// `understudy release`: takes off every virtual address that stands on this host, after an agent
// that could not. Runs in a process of its own, so it may wait for the script; no election.
import { spawnSync } from 'node:child_process';
import type { Settings } from '../config/settings.js';
import type { Kernel, NetworkWatch } from '../kernel/kernel.js';
import { formatAddressWithPrefix } from '../model/address.js';
import { releaseScript, type AddressTarget } from '../model/netlink-script.js';
import { SCRIPT_TIMEOUT } from './keeping.js';
import { sayFarewell } from './farewell.js';
import { createBackgroundFile, formatState, readState, stateFilePath } from './state-file.js';

export interface Released {
  /** `10.99.0.100/24 on eth0`. */
  readonly removed: readonly string[];
  readonly remaining: readonly string[];
  readonly problem: string | null;
}

/**
 * Removes the addresses of the settings and of state.json that are present. An address owner's
 * (priority 255) are removed only when state.json says that an agent added them. When the agent died
 * as Active, a successor is told, and given its time, first. That it died stays in state.json: the
 * next agent counts the crash.
 * @throws KernelError without access to the kernel's addresses.
 */
export async function removeAddresses(kernel: Kernel, settings: Settings): Promise<Released> {
  const statePath = stateFilePath(settings.stateDirectory);
  const recorded = readState(statePath);
  const configured = settings.virtualRouters.filter(({ priority }) => priority !== 255);
  const watch = kernel.openNetworkWatch(() => undefined);
  try {
    const candidates = distinct([...configured, ...recorded.state.standing]);
    const before = candidates.filter((target) => isPresent(watch, target));
    if (recorded.state.active && before.length > 0) {
      const present = new Set(before.map(describe));
      await sayFarewell(kernel, settings, (router) =>
        distinct([router]).some((target) => present.has(describe(target))),
      );
    }
    const problem = before.length === 0 ? null : runScript(settings.vip.script, before);
    watch.resynchronize(() => undefined);
    const remaining = before.filter((target) => isPresent(watch, target));
    const state = createBackgroundFile(statePath, true);
    state.write(formatState({ ...recorded.state, standing: remaining }));
    await state.flush();
    const removed = before.filter((target) => !remaining.includes(target));
    return {
      removed: removed.map(describe),
      remaining: remaining.map(describe),
      problem: problem ?? recorded.problem ?? state.problem(),
    };
  } finally {
    watch.close();
  }
}

/** One target an address, each once. */
function distinct(targets: readonly AddressTarget[]): AddressTarget[] {
  const byText = new Map<string, AddressTarget>();
  for (const { interface: name, addresses } of targets) {
    for (const address of addresses) {
      const target = { interface: name, addresses: [address] };
      byText.set(describe(target), target);
    }
  }
  return [...byText.values()];
}

const describe = ({ interface: name, addresses }: AddressTarget): string =>
  `${addresses.map(formatAddressWithPrefix).join(' ')} on ${name}`;

function isPresent(watch: NetworkWatch, { interface: name, addresses }: AddressTarget): boolean {
  const link = [...watch.links.values()].find((candidate) => candidate.name === name);
  if (link === undefined) return false;
  return [...watch.addresses()].some(
    (standing) =>
      standing.linkIndex === link.index &&
      addresses.some(
        ({ address, prefixLength }) =>
          address === standing.address && prefixLength === standing.prefixLength,
      ),
  );
}

function runScript(script: string, targets: readonly AddressTarget[]): string | null {
  const { status, error, stderr } = spawnSync(script, [], {
    input: `${targets.flatMap(releaseScript).join('\n')}\n`,
    encoding: 'utf8',
    timeout: SCRIPT_TIMEOUT,
  });
  // A script that ends without reading its input leaves an EPIPE beside its exit code.
  if (status === 0) return null;
  if (status === null && error !== undefined) return `${script}: ${error.message}`;
  return `${script}: exit code ${status ?? 'none'}: ${stderr.trim()}`;
}
