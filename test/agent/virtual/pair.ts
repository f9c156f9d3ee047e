// Two appliances that know each other, in virtual time: `a` has priority 200, `b` 100. Where every test of
// this folder begins. No test cases.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings, VirtualRouterSettings } from '../../../src/config/settings.js';
import type { Family } from '../../../src/model/address.js';
import { centiseconds, milliseconds } from '../../../src/model/units.js';
import { address } from '../../support/fake-kernel.js';
import { routerSettings, settingsOf } from '../rig.js';
import { Appliance } from './appliance.js';
import { otherOf, type Side } from './story.js';
import { ADDRESSES, World } from './world.js';

const PRIORITY = { a: 200, b: 100 } as const;

/** The key that both have, for as long as this process lives. */
const folder = mkdtempSync(join(tmpdir(), 'understudy-virtual-'));
const KEY_FILE = join(folder, 'ha.key');
export const KEY = Buffer.alloc(32, 0x5a);
writeFileSync(KEY_FILE, `${KEY.toString('hex')}\n`, { mode: 0o600 });
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export interface Wanted {
  /** Advertisement interval in milliseconds; default 50. */
  readonly intervalMs?: number;
  /** Peer check interval in milliseconds; default 50. */
  readonly checkMs?: number;
  readonly router?: Partial<VirtualRouterSettings>;
  /** Instead of the one virtual router `lan`. */
  readonly routers?: (side: Side) => readonly VirtualRouterSettings[];
  readonly ha?: Partial<Settings['ha']>;
  readonly leaseSeconds?: number;
  /** The family of the HA port's path on the LAN; default ipv4. */
  readonly pathFamily?: Family;
  /** Knows no peer. */
  readonly lone?: boolean;
  /** Whether what only confirms is taken before anybody is woken; default true. */
  readonly confirms?: boolean;
}

export function settingsFor(side: Side, wanted: Wanted = {}): Settings {
  const { intervalMs = 50, checkMs = 50, leaseSeconds = 3, lone = false } = wanted;
  const router = routerSettings({
    priority: PRIORITY[side],
    advertisementInterval: centiseconds(intervalMs / 10),
    ...wanted.router,
  });
  const base = settingsOf(wanted.routers?.(side) ?? [router]);
  const other = otherOf(side);
  const onLan = wanted.pathFamily === 'ipv6' ? ADDRESSES[other].lan6 : ADDRESSES[other].lan;
  const addresses = [address(ADDRESSES[other].ha), address(onLan)];
  const peers = lone ? {} : { keyFile: KEY_FILE, peers: [{ name: other, addresses }] };
  const ha = {
    ...base.ha,
    primary: side === 'a',
    peerCheckInterval: milliseconds(checkMs),
    ...peers,
    ...wanted.ha,
  };
  return { ...base, name: side, ha, vip: { ...base.vip, leaseSeconds } };
}

/** A folder for this process, gone with it. */
export const folderOfThisProcess = (): string => folder;

export interface Pair {
  readonly world: World;
  readonly a: Appliance;
  readonly b: Appliance;
}

/** Two appliances of which none runs yet. */
export function makePair(wanted: Wanted = {}): Pair {
  const world = new World();
  world.confirms = wanted.confirms !== false;
  const make = (side: Side): Appliance => new Appliance(world, side, settingsFor(side, wanted));
  return { world, a: make('a'), b: make('b') };
}

/** Both know each other, `a` is Active and has the address, and nobody else. */
export const startPair = (wanted: Wanted = {}): Promise<Pair> => started(makePair(wanted));

export async function started(pair: Pair): Promise<Pair> {
  const { world, a, b } = pair;
  await a.start();
  await world.until('a holds', () => world.holders().join() === 'a');
  await b.start();
  await inPlace(pair);
  return pair;
}

/** `holder` alone has the address, the other stands by, and they know each other. */
export async function inPlace({ world, a, b }: Pair, holder: Side = 'a'): Promise<void> {
  const [active, backup] = holder === 'a' ? [a, b] : [b, a];
  await world.until(
    `${holder} holds, the other stands by`,
    () =>
      world.holders().join() === holder &&
      active.router().state === 'Active' &&
      backup.router().state === 'Backup' &&
      active.knowsPeer &&
      backup.knowsPeer,
  );
}

/** Waits until exactly these have the address, and looks whether it stays so. */
export async function rests({ world }: Pair, ...sides: Side[]): Promise<void> {
  const wanted = sides.join();
  await world.until(`held by ${wanted || 'nobody'}`, () => world.holders().join() === wanted);
  const from = world.story.end;
  await world.run(300);
  assert.deepEqual(world.story.lines(from, 'address', 'transition'), [], 'and it stays so');
}

/** One appliance that knows nobody and holds the address. */
export async function startLone(wanted: Wanted = {}): Promise<Pair> {
  const pair = makePair({ ...wanted, lone: true });
  await pair.a.start();
  await pair.world.until('a holds', () => pair.world.holders().join() === 'a');
  return pair;
}
