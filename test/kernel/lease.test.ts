// The agent's half of the lease, and what the real executor writes into the other half.
import assert from 'node:assert/strict';
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { describe, it, type TestContext } from '../support/test.js';
import { EXECUTOR_PATH, startExecutor } from '../../src/executor/process.js';
import type { Lease } from '../../src/kernel/kernel.js';
import { openKernel } from '../../src/kernel/native.js';
import { until } from '../support/limits.js';

function open(t: TestContext): Lease {
  const lease = openKernel().openLease();
  t.after(() => lease.close());
  return lease;
}

/** What the executor does to a holder that is silent: lease.h, the first word. */
function revoke(lease: Lease): void {
  const fd = openSync(`/proc/self/fd/${lease.fd}`, 'r+');
  writeSync(fd, Buffer.alloc(8, 0xff), 0, 8, 0);
  closeSync(fd);
}

describe('the lease', () => {
  it('is held from the moment it is taken, and renewed as often as one likes', (t) => {
    const lease = open(t);
    assert.equal(lease.renew(), false, 'nobody has taken it yet');
    lease.take();
    for (let time = 0; time < 3; time += 1) assert.equal(lease.renew(), true);
  });

  it('that was revoked is told until it is taken again', (t) => {
    const lease = open(t);
    lease.take();
    revoke(lease);
    for (let time = 0; time < 3; time += 1) assert.equal(lease.renew(), false);
    lease.take();
    assert.equal(lease.renew(), true);
  });

  it('has one memory each, which nobody can cut short', (t) => {
    const one = open(t);
    const other = open(t);
    one.take();
    assert.deepEqual([one.renew(), other.renew()], [true, false]);
    assert.equal(fstatSync(one.fd).size, 24);
    assert.throws(() => ftruncateSync(one.fd, 0), { code: 'EPERM' });
    assert.equal(one.renew(), true);
  });

  it('that is closed says so; closing it again is nothing', () => {
    const lease = openKernel().openLease();
    lease.close();
    lease.close();
    assert.throws(() => lease.renew(), { name: 'KernelError', code: 'EBADF' });
    assert.throws(() => fstatSync(lease.fd), { code: 'EBADF' });
  });

  it('gives its descriptors back: any number can be opened one after the other', () => {
    const kernel = openKernel();
    for (let time = 0; time < 100; time += 1) kernel.openLease().close();
    const many: Lease[] = [];
    assert.throws(
      () => {
        for (let time = 0; time < 100; time += 1) many.push(kernel.openLease());
      },
      { code: 'EMFILE' },
    );
    for (const lease of many) lease.close();
    kernel.openLease().close();
  });

  it('shows whether the executor lives', async (t) => {
    const lease = open(t);
    assert.equal(lease.executorSilence(), 0, 'before its first sign');
    const executor = await startExecutor({ path: EXECUTOR_PATH, lease, onExit: () => undefined });
    process.kill(executor.pid, 'SIGSTOP');
    const silence = (): number => lease.executorSilence();
    await until('600 ms of silence', silence, (ms) => ms >= 600);
    process.kill(executor.pid, 'SIGCONT');
    await until('a sign of life', silence, (ms) => ms <= 300);
    await executor.finish({ farewellSent: true });
  });
});
