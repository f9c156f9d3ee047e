// What a start says while it reads its settings, and before whom it reads them. No agent, no settings.
import assert from 'node:assert/strict';
import { getPriority, setPriority } from 'node:os';
import { readAtStart } from '../../src/agent/starting.js';
import { describe, it } from '../support/test.js';

describe('reading at the start', () => {
  it('is told to the service manager before it begins, with time for it, and taken back', () => {
    const told: string[] = [];
    const answer = readAtStart(
      '/etc/a\nREADY=1',
      (message) => told.push(message),
      () => {
        told.push('read');
        return 7;
      },
    );
    assert.equal(answer, 7);
    assert.deepEqual(told, [
      'EXTEND_TIMEOUT_USEC=120000000\nSTATUS=reading /etc/a?READY=1',
      'read',
      'STATUS=',
    ]);
  });

  it('goes before ordinary work where that may be, and after it nothing does, whatever comes of it', () => {
    const before = getPriority();
    const during = readAtStart(
      'settings',
      () => undefined,
      () => getPriority(),
    );
    assert.equal(during, mayBeUrgent() ? Math.min(before, -10) : before);
    assert.equal(getPriority(), before);
    assert.throws(
      () =>
        readAtStart(
          'settings',
          () => undefined,
          () => {
            throw new Error('no such file');
          },
        ),
      /no such file/,
    );
    assert.equal(getPriority(), before);
  });
});

/** Whether this process may go before others: by CAP_SYS_NICE, or by RLIMIT_NICE. */
function mayBeUrgent(): boolean {
  const before = getPriority();
  try {
    setPriority(0, Math.min(before, -10));
    setPriority(0, before);
    return true;
  } catch {
    return false;
  }
}
