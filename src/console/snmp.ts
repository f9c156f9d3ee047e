// What an SNMP daemon is told through AgentX: the objects of the last look at the agent, and what happened since the one
// before. It looks on as a page does; the agent itself knows nothing of it. What the objects are: src/snmp.
import type { ListenAddress } from '../model/listen.js';
import type { Status } from '../model/status.js';
import { Notices } from '../snmp/notices.js';
import { Objects } from '../snmp/objects.js';
import { startSubagent, type SubagentOptions } from '../snmp/subagent.js';
import { COLUMNS, objectsOf, VRRPV3_MIB } from '../snmp/vrrp-mib.js';
import type { Watch } from './watch.js';

interface SnmpOptions extends Pick<SubagentOptions, 'say' | 'later'> {
  readonly daemon: ListenAddress;
  readonly watch: Watch;
  /** Wall time, ms. */
  readonly now?: () => number;
}

/** Nothing is known of an agent that is gone: nothing is answered for it. */
const NOTHING = new Objects([]);

/** Answers for VRRPV3-MIB, with and without an SNMP daemon, until it is ended. */
export function startSnmp({ watch, now = Date.now, ...options }: SnmpOptions): { end(): void } {
  const notices = new Notices();
  let status: Status | null = null;
  /** Of one look; made when they are asked for. */
  let objects: Objects | null = null;
  const subagent = startSubagent({
    ...options,
    now,
    description: 'understudy, VRRPV3-MIB',
    subtree: VRRPV3_MIB,
    columns: COLUMNS,
    objects: (daemonSince) => {
      if (status === null) return NOTHING;
      objects ??= new Objects(objectsOf(status, notices.reasons, { now: now(), daemonSince }));
      return objects;
    },
  });
  const leave = watch.join((sight) => {
    if (sight.kind !== 'state') return;
    objects = null;
    status = sight.problem === null ? sight.status : null;
    if (status === null) return;
    for (const notice of notices.look(status, now())) subagent.notify(notice);
  });
  return {
    end: () => {
      leave();
      subagent.end();
    },
  };
}
