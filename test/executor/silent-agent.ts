// A network in which an agent can be silent, and the will that its executor then carries out: what the tests
// of the lease share. No tests.
import { fileURLToPath } from 'node:url';
import type { LastWill } from '../../src/executor/executor.js';
import { milliseconds } from '../../src/model/units.js';
import { repeatUntil } from '../support/limits.js';
import type { TestContext } from '../support/test.js';
import { namespace, releaseOnly, request } from './bench.js';
import { farewell4, frame4 } from './frames.js';

export const VIP = fileURLToPath(new URL('../../../scripts/vip', import.meta.url));
/** What the executor says of an agent that died, and nobody was Active yet. */
export const FAREWELL_SENT = 'understudy-exec: the agent has ended: farewell sent\n';
export const LONG = milliseconds(600_000);

/** Nothing happens by itself for ten minutes, but for what the test asks. */
export const silence = (change: Partial<NonNullable<LastWill['lease']>> = {}) => ({
  listenAfter: milliseconds(100),
  farewellAfter: LONG,
  killAfter: LONG,
  ...change,
});

export const successor = (linkIndex: number, vrid = 51) => ({
  linkIndex,
  family: 'ipv4' as const,
  vrid,
});

/** One virtual router with 10.99.0.100/24 on va, released by the real script. */
export const willFor = (linkIndex: number, change: Partial<LastWill> = {}): LastWill => ({
  ...releaseOnly(''),
  farewell: [{ linkIndex, frame: farewell4 }],
  successors: [successor(linkIndex)],
  keepAtMost: LONG,
  release: request([VIP], { input: 'address del 10.99.0.100/24 dev va\n' }),
  lease: silence(),
  ...change,
});

/** A namespace in which the address stands, its wire, and what happens to addresses there. */
export async function lan(t: TestContext) {
  const net = await namespace(t);
  const wire = await net.wire();
  net.run('ip', 'address', 'replace', '10.99.0.100/24', 'dev', 'va');
  const shown = () => net.run('ip', '-o', 'address', 'show', 'dev', 'va');
  return { ...net, wire, shown, present: () => shown().includes('10.99.0.100/24') };
}

/** Sends until it is heard: when the executor begins to listen cannot be seen from outside. */
export async function sendUntil(
  wire: { send(frame: Uint8Array): Promise<void> },
  done: Promise<unknown>,
) {
  await repeatUntil('an advertisement to be heard', done, () => wire.send(frame4({})));
}
