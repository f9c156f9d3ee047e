// A silent agent's lease, judged by what comes first: a successor that is heard ends it, before anything
// else that the silence brings about. The rest of the lease: lease.test.ts.
import assert from 'node:assert/strict';
import { repeatUntil } from '../support/limits.js';
import { test } from '../support/test.js';
import { milliseconds } from '../../src/model/units.js';
import { agent, fifo, namespace, noWire, releaseOnly } from './bench.js';
import { farewell4, frame4 } from './frames.js';

/** Long after a frame that is sent again and again has been heard. */
const FAREWELL_AFTER = milliseconds(10_000);
const LONG = milliseconds(600_000);

test(
  'a successor that is heard ends the lease: nobody is asked for',
  { skip: noWire },
  async (t) => {
    const net = await namespace(t);
    const wire = await net.wire();
    const { linkIndex } = net;
    const released = fifo(t);
    const said = released.read();
    const will = {
      ...releaseOnly(`echo released > ${released.path}`),
      farewell: [{ linkIndex, frame: farewell4 }],
      successors: [{ linkIndex, family: 'ipv4' as const, vrid: 51 }],
      keepAtMost: LONG,
      lease: { listenAfter: milliseconds(100), farewellAfter: FAREWELL_AFTER, killAfter: LONG },
    };
    const victim = await agent(t, will, { path: net.executor() });
    victim.signal('SIGSTOP');
    await repeatUntil('the release', said, () => wire.send(frame4({})));
    victim.signal('SIGCONT');
    assert.deepEqual([await victim.next(), await victim.next()].toSorted(), ['revoked', 'told']);
    assert.doesNotMatch(await victim.kill(), /farewell sent/);
  },
);
