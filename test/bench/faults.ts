// What befalls the Active in the benchmark, and how it is mended. No measuring.
import { rmSync, writeFileSync } from 'node:fs';
import type { BenchPair } from './pair.js';
import { ADDRESS, downFile, keepalivedYielding } from './programs.js';
import { PARTED_MS, type BenchFault } from './results.js';

type Mend = () => Promise<void>;

/** Breaks `a`, or asks it to hand over; resolves with the call that mends it. */
export async function strike(pair: BenchPair, fault: BenchFault): Promise<Mend> {
  const { lab } = pair;
  const active = lab.appliance('a');
  const startAgain = (): Promise<void> => Promise.resolve(pair.start('a'));
  switch (fault) {
    case 'stop':
      await active.stop();
      return startAgain;
    case 'handover':
      return handOver(pair);
    case 'kill':
      await active.kill();
      return startAgain;
    case 'hang':
      active.freeze();
      // An agent that hung too long may have been ended meanwhile.
      return () => (active.running ? Promise.resolve(active.thaw()) : startAgain());
    case 'kill-all':
      await active.annihilate();
      return startAgain;
    case 'unplug':
      await lab.unplug('a');
      return () => lab.plug('a');
    case 'silent-lan':
      return lab.isolate('a');
    case 'power-cut':
      return cutPower(pair, 0);
    case 'parted-5':
    case 'parted-20':
    case 'parted-50':
      return cutPower(pair, PARTED_MS[fault]);
    case 'check': {
      const file = downFile(active.directory);
      writeFileSync(file, '');
      return () => Promise.resolve(rmSync(file));
    }
  }
}

async function cutPower(pair: BenchPair, apartMs: number): Promise<Mend> {
  const restore = await pair.lab.powerCut('a', [ADDRESS], apartMs);
  return async () => {
    await restore();
    pair.start('a');
  };
}

async function handOver(pair: BenchPair): Promise<Mend> {
  const { software, intervalMs, programs } = pair.plan;
  const active = pair.appliance('a');
  if (software === 'keepalived') {
    active.reload(keepalivedYielding(active.directory, intervalMs));
    return () => Promise.resolve(active.reload(programs('a', active.directory)));
  }
  await failover(pair, 'a');
  return () => failover(pair, 'b');
}

async function failover(pair: BenchPair, name: 'a' | 'b'): Promise<void> {
  const outcome = await pair.appliance(name).control.command('failover');
  if (!outcome.ok) throw new Error(`failover at ${name}: ${JSON.stringify(outcome)}`);
}
