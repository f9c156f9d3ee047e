// What scripts have closed is closed again, and when: no process, no clock.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { keepClosed } from '../../src/agent/closed-watch.js';
import { scriptRequest } from '../../src/agent/keeping.js';
import type { Executor, RunRequest, RunResult } from '../../src/executor/executor.js';
import { exited } from '../support/fake-executor.js';
import { turn } from '../support/limits.js';

function rig(
  answer: (request: RunRequest) => Promise<RunResult> = () => Promise.resolve(exited(0)),
) {
  const requests: RunRequest[] = [];
  const problems: (string | null)[] = [];
  let look = (): void => undefined;
  const executor: Executor = {
    run: (request) => {
      requests.push(request);
      return answer(request);
    },
    setWill: () => undefined,
    setStandby: () => undefined,
    holdUntil: () => undefined,
    finish: () => Promise.resolve(),
  };
  const watch = keepClosed({
    executor,
    onProblem: (problem) => problems.push(problem),
    every: (_, task) => (look = task),
  });
  const inputs = (): string[] => requests.map(({ input }) => input);
  return { watch, requests, problems, inputs, look: () => look() };
}

const CLOSES = '#accept-mode false: 10.99.0.100 fe80::33%eth0';
const RUNNER = { script: '/vip', timeoutSeconds: 5 };
const takes = scriptRequest(RUNNER, [`${CLOSES} true: 10.99.0.101`, 'address replace …']);
const releases = scriptRequest(RUNNER, ['#accept-mode false:', 'address del …']);

describe('closed addresses', () => {
  it('are closed again at every look, until a script has opened them', async () => {
    const { watch, requests, inputs, look, problems } = rig();
    look();
    await watch.run(scriptRequest(RUNNER, ['address replace …']));
    look();
    assert.equal(requests.length, 1, 'nothing is closed');
    await watch.run(takes);
    look();
    await turn();
    look();
    await turn();
    assert.deepEqual(inputs().slice(2), [`${CLOSES}\n`, `${CLOSES}\n`]);
    assert.deepEqual([requests[2]?.argv[1], problems], ['/bin/true', [null, null]]);
    await watch.run(releases);
    look();
    assert.equal(requests.length, 5, 'the release was the last');
  });

  it('say in health that they may be open, and when they are closed again', async () => {
    let code = 1;
    const { watch, problems, look } = rig(() => Promise.resolve(exited(code, 'nft says: no')));
    await watch.run(takes);
    look();
    await turn();
    code = 0;
    look();
    await turn();
    assert.deepEqual(problems, [
      'addresses may be open (acceptMode: false): exit code 1: nft says: no',
      null,
    ]);
  });

  it('a script waits for a look that is under way, and no look begins beside a script', async () => {
    const waiting: (() => void)[] = [];
    const { watch, inputs, look } = rig(
      () => new Promise((resolve) => waiting.push(() => resolve(exited(0)))),
    );
    const goOn = async (): Promise<void> => {
      waiting.shift()?.();
      await turn();
    };
    const took = watch.run(takes);
    look();
    await goOn();
    await took;
    look();
    const released = watch.run(releases);
    await turn();
    assert.deepEqual(inputs().slice(1), [`${CLOSES}\n`], 'the release waits');
    await goOn();
    assert.equal(inputs().at(-1), releases.input);
    look();
    await goOn();
    await released;
    assert.equal(inputs().length, 3);
  });
});
