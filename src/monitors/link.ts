// The link monitor of one interface: what the kernel says of it, as a status. No events, no sockets,
// no priorities.
import type { Link } from '../model/link.js';
import type { HardMonitorStatus } from '../model/monitor.js';
import type { FaultReason } from '../model/reasons.js';

/**
 * The status of the interface; `link` is undefined while no interface has that name, and `former` is the one
 * that had it, where it is still there: an interface is its index, a name is what people call it.
 */
export function linkStatus(
  interfaceName: string,
  link: Link | undefined,
  former?: Link,
): HardMonitorStatus {
  const fault = linkFault(link, former);
  const detail = fault === null ? 'up, carrier present' : FAULT_DETAIL[fault];
  return {
    name: `link ${interfaceName}`,
    interface: interfaceName,
    state: fault === null ? 'ok' : 'failed',
    detail:
      fault === 'interface-renamed'
        ? `${detail}: ip link set ${former?.name} name ${interfaceName}`
        : detail,
    weight: 'hard',
    fault: fault ?? 'no-carrier',
  };
}

type LinkFault = Extract<
  FaultReason,
  'interface-missing' | 'interface-renamed' | 'interface-down' | 'no-carrier'
>;

const FAULT_DETAIL: Readonly<Record<LinkFault, string>> = {
  'interface-missing': 'no interface of this name; waiting for it to appear',
  'interface-renamed': 'the interface has another name now',
  'interface-down': 'administratively down; waiting for `ip link set … up`',
  'no-carrier': 'no carrier; check the cable and the switch port',
};

function linkFault(link: Link | undefined, former: Link | undefined): LinkFault | null {
  if (link === undefined) return former === undefined ? 'interface-missing' : 'interface-renamed';
  if (!link.up) return 'interface-down';
  return link.carrier ? null : 'no-carrier';
}
