// The two notifications of VRRPV3-MIB (RFC 6527), from two looks at the agent one after the other; and what of an earlier
// look is to be remembered. No packets.
import type { TransitionReason } from '../model/reasons.js';
import type { Status, VirtualRouterStatus } from '../model/status.js';
import type { Oid, VarBind } from './agentx.js';
import {
  activeAddressOf,
  timesActiveOf,
  PROTOCOL_ERRORS,
  protocolErrorOf,
  reasonOf,
  rowsOf,
  VRRPV3_MIB,
  type LastReasons,
  type ProtocolError,
  type Row,
} from './vrrp-mib.js';

const NEW_ACTIVE: Oid = [...VRRPV3_MIB, 0, 1];
const PROTO_ERROR: Oid = [...VRRPV3_MIB, 0, 2];
/** sysUpTime is put in front by the daemon. */
const TRAP_OID: Oid = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];

/** Anyone on the link can send packets that are wrong, as many as he likes: each kind of a virtual router is told so often, ms. */
const ERROR_EVERY_MS = 60_000;

/** What one notification says. */
export type Notice = readonly VarBind[];

export class Notices {
  #before: Status | null = null;
  readonly #reasons = new Map<string, TransitionReason>();
  /** When each was last told of, wall time in ms, by virtual router and kind. */
  readonly #told = new Map<string, number>();

  /** Why each virtual router became Active the last time, as far as it was seen. */
  get reasons(): LastReasons {
    return this.#reasons;
  }

  /** What is to be told since the look before; nothing at the first. `now`: wall time, ms. */
  look(status: Status, now: number): Notice[] {
    const before = this.#before;
    this.#before = status;
    this.#remember(status);
    if (before === null) return [];
    // Counters begin anew with each agent.
    const same = before.startedAt === status.startedAt;
    return [
      ...this.#newActives(status, same ? before : null),
      ...this.#errors(status, same ? before : null, now),
    ];
  }

  #remember({ virtualRouters }: Status): void {
    for (const router of virtualRouters) {
      const reason = lastReasonOf(router);
      if (reason !== null) this.#reasons.set(router.name, reason);
    }
    const known = new Set(virtualRouters.map(({ name }) => name));
    for (const name of this.#reasons.keys()) if (!known.has(name)) this.#reasons.delete(name);
  }

  #newActives(status: Status, before: Status | null): Notice[] {
    return rowsOf(status).flatMap((row) => {
      const { router } = row;
      const earlier = before?.virtualRouters.find(({ name }) => name === router.name);
      const count = earlier === undefined ? 0 : timesActiveOf(earlier);
      if (timesActiveOf(router) <= count) return [];
      const reason = this.#reasons.get(router.name) ?? null;
      return [notice(NEW_ACTIVE, [activeAddressOf(row), reasonOf(row, reason)])];
    });
  }

  #errors(status: Status, before: Status | null, now: number): Notice[] {
    const rows = rowsOf(status);
    const earlier = new Map(
      (before === null ? [] : rowsOf(before)).map((row) => [keyOf(row), row]),
    );
    return rows.flatMap((row) =>
      (Object.keys(PROTOCOL_ERRORS) as ProtocolError[]).flatMap((error) => {
        const isFirst = rows.find(({ link }) => link === row.link) === row;
        const was = earlier.get(keyOf(row));
        if (countOf(row, error, isFirst) <= (was === undefined ? 0 : countOf(was, error, isFirst)))
          return [];
        const key = `${keyOf(row)} ${error}`;
        if (now - (this.#told.get(key) ?? -Infinity) < ERROR_EVERY_MS) return [];
        this.#told.set(key, now);
        return [notice(PROTO_ERROR, [protocolErrorOf(row, error)])];
      }),
    );
  }
}

const notice = (kind: Oid, objects: readonly VarBind[]): Notice => [
  { oid: TRAP_OID, value: { type: 'oid', value: kind } },
  ...objects,
];

const keyOf = ({ index }: Row): string => index.join('.');

/** What names no virtual router of ours is told with the first one of its interface. */
const countOf = ({ router, link }: Row, error: ProtocolError, isFirst: boolean): number =>
  (router.counters.errors[error] ?? 0) + (isFirst ? (link?.discarded[error] ?? 0) : 0);

/** Why it became Active the last time, as far as its status says. */
function lastReasonOf(router: VirtualRouterStatus): TransitionReason | null {
  if (router.state === 'Active') return router.reason;
  return router.lastMove?.way === 'taken' ? router.lastMove.reason : null;
}
