// Faults of our own processes: killed, stopped, frozen, without power. The table of all is faults.ts.
import { lasting, nothing, oneOf, type Drawn, type Fault } from './fault.js';

const KILLED = ['SIGKILL'];
/** SIGTERM before the agent can hear it ends it, too. */
const STOPPED = ['status 0', 'SIGTERM'];

/** What a supervisor does, after a time. */
const startAgain: Fault['undo'] = (bench, victim) => bench.startIfEnded(victim);

export const killAgent: Fault = {
  name: 'agent killed',
  ends: KILLED,
  draw: (chance) => ({ lastsMs: lasting(chance, 20, 5_000) }),
  do: (bench, victim) => bench.signal(victim, 'agent', 'SIGKILL'),
  undo: startAgain,
};

export const killExecutor: Fault = {
  name: 'executor killed',
  draw: (chance) => ({ lastsMs: lasting(chance, 20, 1_000) }),
  do: (bench, victim) => bench.signal(victim, 'executor', 'SIGKILL'),
  undo: nothing,
};

export const killBoth: Fault = {
  name: 'agent and executor killed',
  ends: KILLED,
  draw: (chance) => ({ lastsMs: lasting(chance, 20, 8_000) }),
  do: (bench, victim) => bench.signal(victim, 'all', 'SIGKILL'),
  undo: startAgain,
};

export const stop: Fault = {
  name: 'stopped and started',
  ends: STOPPED,
  draw: (chance) => ({ lastsMs: lasting(chance, 20, 5_000) }),
  do: (bench, victim) => bench.signal(victim, 'agent', 'SIGTERM'),
  async undo(bench, victim) {
    await bench.waitForEnd(victim);
    await bench.startIfEnded(victim);
  },
};

/** More than five seconds: the executor kills the agent. */
export const freezeAgent: Fault<Drawn, readonly number[]> = {
  name: 'agent frozen',
  ends: KILLED,
  draw: (chance) => ({ lastsMs: lasting(chance, 30, 8_000) }),
  do: (bench, victim) => bench.signal(victim, 'agent', 'SIGSTOP'),
  undo: (bench, victim, _, pids) => bench.thaw(victim, pids),
};

export const freezeExecutor: Fault<Drawn, readonly number[]> = {
  name: 'executor frozen',
  draw: (chance) => ({ lastsMs: lasting(chance, 30, 5_000) }),
  do: (bench, victim) => bench.signal(victim, 'executor', 'SIGSTOP'),
  undo: (bench, victim, _, pids) => bench.thaw(victim, pids),
};

export const freezeBoth: Fault<Drawn, readonly number[]> = {
  name: 'agent and executor frozen',
  ends: KILLED,
  draw: (chance) => ({ lastsMs: lasting(chance, 30, 8_000) }),
  do: (bench, victim) => bench.signal(victim, 'all', 'SIGSTOP'),
  undo: (bench, victim, _, pids) => bench.thaw(victim, pids),
};

interface PowerCut extends Drawn {
  /** Whether its kernel's LAN interface is made anew, as a boot does. */
  readonly newInterface: boolean;
}

export const powerCut: Fault<PowerCut, readonly (() => Promise<void>)[]> = {
  name: 'power cut',
  ends: KILLED,
  draw: (chance) => ({
    lastsMs: lasting(chance, 100, 6_000),
    newInterface: oneOf(chance, true, false),
  }),
  do: async (bench, victim) => [await bench.powerCut(victim)],
  async undo(bench, victim, { newInterface }, restores) {
    if (newInterface) await bench.remakeInterface(victim);
    for (const restore of restores) await restore();
    await bench.startIfEnded(victim);
  },
};
