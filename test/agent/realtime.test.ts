// What is asked of the kernel, and what is said of what it refuses.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { createRealtime } from '../../src/agent/realtime.js';
import type { RealtimeKernel } from '../../src/kernel/realtime.js';

const refused = (code: string): Error => Object.assign(new Error(code), { code, syscall: '' });

/** Grants priorities up to `highest`; `memory` says whether the program may be locked. */
function kernel(highest: number, memory = true): RealtimeKernel & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    schedule(priority) {
      asked.push(`schedule ${priority}`);
      if (priority > 0 && highest === 0) throw refused('EPERM');
      return Math.min(priority, highest);
    },
    limit: (longest) => void asked.push(`limit ${longest}`),
    trim: () => void asked.push('trim'),
    settle(lock) {
      asked.push(`settle ${lock}`);
      if (lock && !memory) throw refused('ENOMEM');
    },
  };
}

describe('real time', () => {
  it('limits how long it runs before it asks to run before all others', () => {
    const made = kernel(99);
    const environment: NodeJS.ProcessEnv = {};
    const realtime = createRealtime(made, environment);
    realtime.apply({ enabled: true, priority: 7 });
    realtime.settle();
    assert.deepEqual(made.asked, ['limit 10000000', 'schedule 7', 'settle true']);
    assert.deepEqual(realtime.status(), {
      enabled: true,
      scheduling: 'fifo',
      priority: 7,
      programLocked: true,
      missing: [],
    });
    assert.equal(environment['UNDERSTUDY_REALTIME_PRIORITY'], '8');
  });

  it('asks for nothing when it is off, and takes back what it had', () => {
    const made = kernel(99);
    const environment: NodeJS.ProcessEnv = { UNDERSTUDY_REALTIME_PRIORITY: '50' };
    const realtime = createRealtime(made, environment);
    realtime.apply({ enabled: false, priority: 7 });
    realtime.settle();
    assert.deepEqual(made.asked, ['settle false']);
    assert.equal(realtime.status().programLocked, false);
    assert.deepEqual(environment, {}, 'one that was inherited counts for nothing');
    realtime.apply({ enabled: true, priority: 7 });
    realtime.apply({ enabled: false, priority: 7 });
    assert.equal(made.asked.at(-1), 'schedule 0');
    assert.equal(realtime.status().scheduling, 'ordinary');
    assert.deepEqual(environment, {});
  });

  it('says what could not be had and what it needs, and goes on', () => {
    const realtime = createRealtime(kernel(0, false), {});
    realtime.apply({ enabled: true, priority: 7 });
    realtime.settle();
    const { scheduling, priority, programLocked, missing } = realtime.status();
    assert.deepEqual([scheduling, priority, programLocked], ['ordinary', null, false]);
    assert.match(missing[0] ?? '', /SCHED_FIFO 7 \(EPERM\).*CAP_SYS_NICE.*LimitRTPRIO/);
    assert.match(missing[1] ?? '', /ENOMEM.*CAP_IPC_LOCK.*LimitMEMLOCK/);
    realtime.apply({ enabled: false, priority: 7 });
    assert.deepEqual(realtime.status().missing, [], 'nothing is asked for any more');
  });

  it('takes the priority that the limit allows, and says so', () => {
    const realtime = createRealtime(kernel(3), {});
    realtime.apply({ enabled: true, priority: 7 });
    assert.equal(realtime.status().priority, 3);
    assert.match(realtime.status().missing[0] ?? '', /SCHED_FIFO 7.*allows 3/);
  });
});
