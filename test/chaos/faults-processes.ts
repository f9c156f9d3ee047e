// Faults of our own processes: killed, stopped, frozen, without power. The table of all is faults.ts.
import { lasting, nothing, oneOf, pause, peerOf, type Drawn, type Fault, THIRD } from './fault.js';

const KILLED = ['SIGKILL'];
/** SIGTERM before the agent can hear it ends it, too. */
const STOPPED = ['status 0', 'SIGTERM'];

/** What a supervisor does, after a time; a pair that has one need not wait for it. */
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

export const stop: Fault<Drawn, readonly number[]> = {
  name: 'stopped and started',
  ends: STOPPED,
  draw: (chance) => ({ lastsMs: lasting(chance, 20, 5_000) }),
  do: (bench, victim) => bench.stop(victim),
  async undo(bench, victim, _, pids) {
    await bench.waitForEnd(victim, pids);
    await bench.startIfEnded(victim);
  },
};

/** Both of the two; the third router has what they had. */
export const stopBoth: Fault<Drawn, readonly number[]> = {
  name: 'both stopped and started, beside a third router',
  ends: STOPPED,
  hits: 'both',
  fits: ({ third }) => third !== 'none',
  draw: (chance) => ({ lastsMs: lasting(chance, 50, 6_000) }),
  async do(bench, victim) {
    return [...(await bench.stop(victim)), ...(await bench.stop(peerOf(victim)))];
  },
  async undo(bench, victim, _, pids) {
    for (const name of [victim, peerOf(victim)]) {
      await bench.waitForEnd(name, pids);
      await bench.startIfEnded(name);
    }
  },
};

export const stopThird: Fault<Drawn, readonly number[]> = {
  name: 'third router stopped and started',
  ends: STOPPED,
  hits: 'third',
  fits: ({ third }) => third !== 'none',
  draw: (chance) => ({ lastsMs: lasting(chance, 50, 5_000) }),
  do: (bench) => bench.stop(THIRD),
  async undo(bench, _, __, pids) {
    await bench.waitForEnd(THIRD, pids);
    await bench.startIfEnded(THIRD);
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

interface StaggeredCut extends PowerCut {
  /** The path that dies first, and how much earlier. */
  readonly first: 'eth0' | 'ha0';
  readonly earlierMs: number;
}

/** Its paths die one after the other: a power supply that fails takes its ports down as it pleases. */
export const staggeredPowerCut: Fault<StaggeredCut, readonly (() => Promise<void>)[]> = {
  name: 'power cut, one path after the other',
  ends: KILLED,
  draw: (chance) => ({
    lastsMs: lasting(chance, 300, 6_000),
    newInterface: oneOf(chance, true, false),
    first: oneOf(chance, 'eth0', 'ha0'),
    earlierMs: lasting(chance, 5, 150),
  }),
  async do(bench, victim, { first, earlierMs }) {
    const path = await bench.lab.network.silence(victim, 'all', [first]);
    await pause(earlierMs);
    return [path, await bench.powerCut(victim)];
  },
  undo: (bench, victim, drawn, restores) => powerCut.undo(bench, victim, drawn, restores),
};

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
