// From monitor statuses to effective priority and faults. No instance.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import {
  gatewayOf,
  hardFault,
  hasSoftFault,
  interfaceFailed,
  isBandwidthLow,
  judge,
  lowersPriority,
  mayBeFailing,
  softFaults,
} from '../../../src/core/fitness/tracker.js';
import type { MonitorStatus } from '../../../src/model/monitor.js';
import { check, hard } from '../instance-bench.js';

const statusOf = (event: ReturnType<typeof check>): MonitorStatus => {
  assert.ok(event.kind === 'monitor');
  return event.status;
};
const weighted = (...args: Parameters<typeof check>): MonitorStatus => statusOf(check(...args));
const fault = (...args: Parameters<typeof hard>): MonitorStatus => statusOf(hard(...args));

describe('effective priority', () => {
  it('a failed check with a weight lowers it, whichever sign the weight has', () => {
    const standing = judge(200, [weighted('upcheck', -50), weighted('disk', 30)], []);

    assert.deepEqual(standing, {
      effectivePriority: 120,
      adjustments: [
        { name: 'upcheck', amount: -50 },
        { name: 'disk', amount: -30 },
      ],
    });
  });

  it('a check that is ok, or unknown, or soft, or hard, changes nothing', () => {
    const statuses = [
      weighted('upcheck', -50, 'ok'),
      weighted('disk', -50, 'unknown'),
      weighted('gateway', 'soft'),
      fault('no-carrier'),
    ];

    assert.deepEqual(judge(200, statuses, []), { effectivePriority: 200, adjustments: [] });
  });

  it('a check of weight 0 is no adjustment, nor a soft fault, nor a doubt', () => {
    const failed = weighted('web-1', 0);
    const doubtful: MonitorStatus = { ...weighted('web-1', 0, 'ok'), doubtful: true };

    assert.deepEqual(judge(200, [failed], []), { effectivePriority: 200, adjustments: [] });
    assert.equal(lowersPriority(failed), false);
    assert.deepEqual(softFaults([failed], false), []);
    assert.equal(hasSoftFault([failed]), false);
    assert.equal(mayBeFailing(doubtful), false);
    assert.equal(hardFault('eth0', [failed]), null);
  });

  it('stays within 1..254, since 0 and 255 mean something else (RFC 9568 §5.2.4)', () => {
    const lowest = judge(100, [weighted('upcheck', 254)], []);
    const highest = judge(250, [], [{ name: 'bonus', amount: 100 }]);

    assert.equal(lowest.effectivePriority, 1);
    assert.equal(highest.effectivePriority, 254);
  });

  it('the address owner keeps 255 whatever fails (RFC 9568 §5.2.4)', () => {
    const standing = judge(
      255,
      [weighted('upcheck', 50)],
      [{ name: 'address-lost', amount: -254 }],
    );

    assert.deepEqual(standing, { effectivePriority: 255, adjustments: [] });
  });
});

describe('hard faults', () => {
  it('one of its own interface, or of no interface, concerns a virtual router', () => {
    assert.equal(hardFault('eth0', [fault('no-carrier', 'eth0')]), 'no-carrier');
    assert.equal(hardFault('eth0', [fault('interface-down')]), 'interface-down');
  });

  it('one of another interface, or one that is over or unknown, or a soft one, does not', () => {
    const statuses = [
      fault('no-carrier', 'eth1'),
      fault('no-carrier', 'eth0', 'ok'),
      fault('no-carrier', 'eth0', 'unknown'),
      weighted('gateway', 'soft'),
    ];

    assert.equal(hardFault('eth0', statuses), null);
    assert.equal(interfaceFailed('eth0', statuses), false);
  });

  it('only one of the interface itself keeps the farewell from being sent', () => {
    assert.equal(interfaceFailed('eth0', [fault('no-carrier')]), false);
    assert.equal(interfaceFailed('eth0', [fault('no-carrier'), fault('no-carrier', 'eth0')]), true);
  });
});

describe('soft faults', () => {
  const named = (statuses: readonly MonitorStatus[]): string[] => statuses.map(({ name }) => name);

  it('failed, and without a weight', () => {
    const statuses = [
      weighted('gateway', 'soft'),
      weighted('disk', 'soft', 'ok'),
      weighted('clock', 'soft', 'unknown'),
      weighted('upcheck', -50),
      fault('no-carrier', 'eth0'),
    ];

    assert.deepEqual(named(softFaults(statuses, false)), ['gateway']);
  });

  it('low bandwidth is excused when asked, and nothing else is', () => {
    const statuses = [weighted('gateway', 'soft'), weighted('bandwidth', 'soft')];

    assert.deepEqual(named(softFaults(statuses, false)), ['gateway', 'bandwidth']);
    assert.deepEqual(named(softFaults(statuses, true)), ['gateway']);
  });

  it('in doubt: a soft monitor whose last result was a failure, and which has not failed yet', () => {
    const doubtful = (status: MonitorStatus): MonitorStatus => ({ ...status, doubtful: true });

    assert.equal(mayBeFailing(doubtful(weighted('gateway', 'soft', 'ok'))), true);
    assert.equal(mayBeFailing(doubtful(weighted('gateway', 'soft', 'unknown'))), true);
    assert.equal(mayBeFailing(doubtful(weighted('gateway', 'soft'))), false);
    assert.equal(mayBeFailing(doubtful(weighted('upcheck', -50, 'ok'))), false);
    assert.equal(mayBeFailing(doubtful(fault('no-carrier', 'eth0', 'ok'))), false);
    assert.equal(mayBeFailing(weighted('gateway', 'soft', 'ok')), false);
  });
});

describe('facts that the peers are told', () => {
  it('the gateway, when it is watched', () => {
    assert.equal(gatewayOf([]), 'unknown');
    assert.equal(gatewayOf([weighted('upcheck', 'soft')]), 'unknown');
    assert.equal(gatewayOf([weighted('gateway', 'soft', 'unknown')]), 'unknown');
    assert.equal(gatewayOf([weighted('gateway', 'soft', 'ok')]), 'reachable');
    assert.equal(gatewayOf([weighted('gateway', 'soft')]), 'unreachable');
  });

  it('traffic below the minimum, when it is measured', () => {
    assert.equal(isBandwidthLow([]), false);
    assert.equal(isBandwidthLow([weighted('gateway', 'soft')]), false);
    assert.equal(isBandwidthLow([weighted('bandwidth', 'soft', 'ok')]), false);
    assert.equal(isBandwidthLow([weighted('bandwidth', 'soft', 'unknown')]), false);
    assert.equal(isBandwidthLow([weighted('bandwidth', 'soft')]), true);
  });
});
