// Faults of files, and what operators do: settings, disk, script, commands. The table of all is faults.ts.
import { lasting, nothing, oneOf, pause, peerOf, type Drawn, type Fault } from './fault.js';

export const diskFull: Fault = {
  name: 'disk full',
  draw: (chance) => ({ lastsMs: lasting(chance, 200, 5_000) }),
  do: (bench, victim) => bench.files.fillDisk(victim),
  undo: (bench, victim) => bench.files.freeDisk(victim),
};

export const reloadSame: Fault = {
  name: 'reload, same settings',
  draw: (chance) => ({ lastsMs: lasting(chance, 20, 500) }),
  do: (bench, victim) => bench.reload(victim),
  undo: nothing,
};

interface NewKey extends Drawn {
  /** `replaced`: nothing of the former one is left in the file. */
  readonly how: 'rotated' | 'replaced';
}

/** On one; the others get it when the fault ends. */
export const newKey: Fault<NewKey> = {
  name: 'new key of the HA port',
  draw: (chance) => ({
    lastsMs: lasting(chance, 50, 4_000),
    how: oneOf(chance, 'rotated', 'replaced'),
  }),
  async do(bench, victim, { how }) {
    if (how === 'rotated') bench.files.rotateKey(victim);
    else bench.files.replaceKey(victim);
    await bench.reload(victim);
  },
  undo: (bench, victim) => Promise.resolve(bench.spreadKey(victim)),
};

interface Changed extends Drawn {
  readonly where: 'victim' | 'both';
  readonly change: 'added' | 'moved';
}

/** An address more, on one or on both; or one that moves to a virtual router of its own. */
export const reloadChanged: Fault<Changed> = {
  name: 'reload, other addresses',
  draw: (chance) => ({
    lastsMs: lasting(chance, 100, 3_000),
    where: oneOf(chance, 'both', 'victim'),
    change: oneOf(chance, 'added', 'moved'),
  }),
  async do(bench, victim, { where, change }) {
    await bench.changeAddresses(victim, change);
    if (where === 'both') await bench.changeAddresses(peerOf(victim), change);
  },
  async undo(bench, victim, { where }) {
    bench.restoreSettings(victim);
    if (where === 'both') bench.restoreSettings(peerOf(victim));
    return Promise.resolve();
  },
};

export const reloadInvalid: Fault = {
  name: 'reload, invalid file',
  // Only where another fault ends it: with this file it cannot start.
  ends: ['status 1', 'status 2'],
  draw: (chance) => ({ lastsMs: lasting(chance, 50, 2_000) }),
  do: (bench, victim) => bench.breakSettings(victim),
  undo: (bench, victim) => Promise.resolve(bench.restoreSettings(victim)),
};

export const scriptFails: Fault = {
  name: 'vip script fails',
  draw: (chance) => ({ lastsMs: lasting(chance, 100, 4_000) }),
  do: (bench, victim) => bench.breakScript(victim),
  undo: (bench, victim) => Promise.resolve(bench.files.mendScript(victim)),
};

/** The script fails, and the role has to move: without that nobody would notice. */
export const failoverToBrokenScript: Fault = {
  name: 'failover to one whose vip script fails',
  on: 'holder',
  draw: (chance) => ({ lastsMs: lasting(chance, 300, 4_000) }),
  async do(bench, victim) {
    await bench.breakScript(peerOf(victim));
    // It is refused when the peer cannot take it: that is the agent's good right.
    await bench.order(victim, (control) => control.command('failover')).catch(() => null);
  },
  undo: (bench, victim) => Promise.resolve(bench.files.mendScript(peerOf(victim))),
};

export const failover: Fault = {
  name: 'failover ordered',
  on: 'holder',
  draw: (chance) => ({ lastsMs: lasting(chance, 20, 1_500) }),
  do: (bench, victim) => bench.order(victim, (control) => control.command('failover')),
  undo: nothing,
};

export const maintenance: Fault = {
  name: 'maintenance on and off',
  draw: (chance) => ({ lastsMs: lasting(chance, 20, 3_000) }),
  do: (bench, victim) => bench.order(victim, (control) => control.command('maintenance', 'on')),
  async undo(bench, victim) {
    bench.later(victim, 'maintenance off', (control) => control.command('maintenance', 'off'));
    return Promise.resolve();
  },
};

/** A hard fault: out of the election. */
export const checkFails: Fault = {
  name: 'check fails',
  fits: ({ monitors }) => monitors,
  draw: (chance) => ({ lastsMs: lasting(chance, 500, 4_000) }),
  do: async (bench, victim) => bench.files.setCheck(victim, false),
  undo: async (bench, victim) => bench.files.setCheck(victim, true),
};

interface Unfit extends Drawn {
  readonly because: 'maintenance' | 'check';
  readonly how: 'asked' | 'forced';
}

/** Ordered when the other one cannot take it. It may be refused; then the role stays where it is. */
export const failoverToUnfit: Fault<Unfit> = {
  name: 'failover to one that is unfit',
  on: 'holder',
  draw: (chance, { monitors }) => ({
    lastsMs: lasting(chance, 200, 3_000),
    because: monitors ? oneOf(chance, 'maintenance', 'check') : 'maintenance',
    how: oneOf(chance, 'asked', 'forced'),
  }),
  async do(bench, victim, { because, how }) {
    const peer = peerOf(victim);
    if (because === 'check') bench.files.setCheck(peer, false);
    else await bench.order(peer, (control) => control.command('maintenance', 'on'));
    // Two failures in a row, and a word to the other one.
    await pause(800);
    const forced = how === 'forced';
    await bench
      .order(victim, (control) => control.command('failover', undefined, forced))
      .catch(() => null);
  },
  async undo(bench, victim) {
    const peer = peerOf(victim);
    bench.files.setCheck(peer, true);
    bench.later(peer, 'maintenance off', (control) => control.command('maintenance', 'off'));
    return Promise.resolve();
  },
};

interface Mode extends Drawn {
  readonly mode: 'off';
}

/** On one of the two: that they differ is a health reason, and no cause for two holders or none. */
export const setMode: Fault<Mode> = {
  name: 'set mode',
  draw: (chance) => ({ lastsMs: lasting(chance, 20, 3_000), mode: 'off' }),
  do: (bench, victim, { mode }) => bench.order(victim, (control) => control.set('mode', mode)),
  async undo(bench, victim) {
    const { mode } = bench.plan;
    bench.later(victim, `set mode ${mode}`, (control) => control.set('mode', mode));
    return Promise.resolve();
  },
};
