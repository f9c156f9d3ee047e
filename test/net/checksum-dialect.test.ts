// The IPv4 checksum dialect `auto` beside a keepalived, which refuses the checksum of RFC 9568. No
// faults: see interop.ts.
import assert from 'node:assert/strict';
import { WAIT_LIMIT_MS } from '../support/limits.js';
import { it } from '../support/test.js';
import { programFor, type NodeSpec } from '../../scripts/lab/program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { PROBED, withLab } from './pair.js';

const skip = (await enterSandbox()) ?? false;

const spec = (name: string, priority: number): NodeSpec => ({
  name,
  priority,
  advertisementIntervalMs: 100,
  routers: [{ name: 'lan', vrid: 51, addresses: [`${PROBED.ipv4}/24`] }],
});

it('auto adopts the dialect it hears, and one Active remains', { skip }, (t) =>
  withLab(t, async (lab) => {
    const [us, them] = [lab.appliance('a'), lab.appliance('b')];
    const deadlineMs = WAIT_LIMIT_MS;
    us.start(programFor('understudy', spec('a', 200)));
    await lab.waitForHolders(PROBED.ipv4, ['a'], deadlineMs);
    them.start(programFor('keepalived', spec('b', 100)));
    // It refuses our checksum, takes us for dead, claims the role, and is thereby heard.
    const claimed = (): boolean => them.logged(/Entering MASTER STATE$/).length > 0;
    await lab.waitFor('keepalived claims the role', claimed, { deadlineMs });
    const yielded = (): boolean =>
      them.logged(/Entering BACKUP STATE$/).length > 0 && lab.holding(PROBED.ipv4).join() === 'a';
    await lab.waitFor('keepalived yields to us', yielded, { deadlineMs });
    assert.ok(them.logged(/Invalid VRRPv3 checksum/).length > 0, 'it refused the other dialect');
    const checksum = () => us.status()?.virtualRouters[0]?.checksum;
    // status.json follows its agent a moment later.
    const sending = (): boolean => checksum()?.sending === 'rfc5798';
    const describe = (): string => JSON.stringify(checksum());
    await lab.waitFor('status names the dialect', sending, { deadlineMs, describe });
    assert.deepEqual(checksum(), { setting: 'auto', sending: 'rfc5798', received: 'rfc5798' });
    const { bothHeldMs } = lab.heldTimes(PROBED.ipv4, 0, Date.now());
    t.diagnostic(`both held it for ${bothHeldMs.toFixed(1)} ms until the dialect was known`);
  }),
);
