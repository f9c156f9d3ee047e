// What is done to a pair with a witness, and what the kernels, the client and the records saw of it. No tables.
import type { ApplianceName } from '../../scripts/lab/network.js';
import { now } from '../../scripts/lab/clock.js';
import { atLeast, until, WAIT_LIMIT_MS } from '../support/limits.js';
import { ADDRESS, type Witnessed } from '../net/witness-bench.js';

export const otherOf = (name: ApplianceName): ApplianceName => (name === 'a' ? 'b' : 'a');

/** Something that happens to the Active, and how it is mended. */
export interface Loss {
  readonly name: string;
  readonly what: string;
  /** Whether the other one is to take the role. */
  readonly moves: boolean;
  /** @returns what mends it. */
  readonly strike: (pair: Witnessed, active: ApplianceName) => Promise<() => Promise<void>>;
}

/** So long an appliance that wakes up cut off is watched before the links are mended. */
const AWAKE_MS = 2_000;

export const LOSSES: readonly Loss[] = [
  {
    name: 'between',
    what: 'LAN and HA link cut; both reach the witness',
    moves: false,
    strike: async (pair) => {
      await pair.part();
      return () => pair.heal();
    },
  },
  {
    name: 'cut-off',
    what: 'LAN, HA link and the way to the witness cut',
    moves: true,
    strike: async (pair, active) => {
      await pair.cutOff(active);
      return () => pair.heal();
    },
  },
  {
    name: 'power',
    what: 'power cut',
    moves: true,
    strike: async (pair, active) => {
      const restore = await pair.lab.powerCut(active, [ADDRESS]);
      return async () => {
        await restore();
        pair.startAppliance(active);
      };
    },
  },
  {
    name: 'frozen',
    what: 'agent and executor frozen, thawed later',
    moves: true,
    strike: (pair, active) => {
      pair.freeze(active);
      return Promise.resolve(() => Promise.resolve(pair.thaw(active)));
    },
  },
  {
    name: 'frozen-cut',
    what: 'frozen, LAN and HA link cut, thawed while they are',
    moves: true,
    strike: async (pair, active) => {
      await pair.cutBetween(active);
      pair.freeze(active);
      return async () => {
        pair.thaw(active);
        await atLeast(AWAKE_MS);
        await pair.heal();
      };
    },
  },
  {
    name: 'frozen-short',
    what: 'everything cut, frozen for 0.5 to 8 s',
    moves: true,
    strike: async (pair, active) => {
      await pair.cutOff(active);
      pair.freeze(active);
      await atLeast(500 + Math.random() * 7_500);
      pair.thaw(active);
      return () => pair.heal();
    },
  },
  {
    name: 'frozen-off',
    what: 'frozen, everything cut, thawed while it is',
    moves: true,
    strike: async (pair, active) => {
      await pair.cutOff(active);
      pair.freeze(active);
      return async () => {
        pair.thaw(active);
        await atLeast(AWAKE_MS);
        await pair.heal();
      };
    },
  },
];

/** One loss, by the kernels of both and by the client. Milliseconds. */
export interface Lost {
  readonly name: string;
  readonly bothMs: number;
  /** From before it was done until the heir had the address; null where nobody is to take it. */
  readonly takenMs: number | null;
  /** From the last address of the loser until the heir had it; negative: that was too late. */
  readonly roomMs: number | null;
  /** How often the address came or went; two where it moved. */
  readonly changes: number;
  /** Why the heir took it, by its own record. */
  readonly reason: string;
  /** Questions of the client from the mending until all was as ever; where nobody moves, from the beginning. */
  readonly asked: number;
  readonly unanswered: number;
}

/** Strikes the Active, waits for what follows, mends it, and waits until both are well. */
export async function lose(pair: Witnessed, loss: Loss, active: ApplianceName): Promise<Lost> {
  const { lab, plan, prober } = pair;
  const heir = loss.moves ? otherOf(active) : active;
  const whole = loss.moves ? null : await prober.open();
  const from = now();
  const mend = await loss.strike(pair, active);
  if (loss.moves) await lab.waitForHolders(ADDRESS, [heir], WAIT_LIMIT_MS);
  // Where nobody is to move: longer than a lease. Else whoever lost it does not come back.
  await atLeast(loss.moves ? AWAKE_MS : 2 * plan.ttlMs);
  const window = whole ?? (await prober.open());
  await mend();
  await pair.settle(heir, otherOf(heir));
  const report = (await window.close())[ADDRESS];
  const changes = lab.changes(ADDRESS, from);
  const goneAt = changes.findLast(({ appliance, present }) => appliance === active && !present)?.at;
  const takenAt = changes.find(({ appliance, present }) => appliance === heir && present)?.at;
  const isMoved = loss.moves && goneAt !== undefined && takenAt !== undefined;
  return {
    name: loss.name,
    bothMs: lab.heldTimes(ADDRESS, from, now()).bothHeldMs,
    takenMs: isMoved ? takenAt - from : null,
    roomMs: isMoved ? takenAt - goneAt : null,
    changes: changes.length,
    reason: reasonOf(pair, heir, from),
    asked: report?.sent ?? 0,
    unanswered: report?.lost ?? 0,
  };
}

/** Why this one has last become Active since then; `none` when it has not. */
function reasonOf(pair: Witnessed, name: ApplianceName, from: number): string {
  const taken = pair.lab
    .appliance(name)
    .events()
    .filter(({ event, time }) => event === 'transition' && Date.parse(time) >= from)
    .findLast(({ to }) => to === 'Active');
  return taken?.reason ?? 'none';
}

/** Something that happens to the witness beside a pair that is well. */
export interface Trouble {
  readonly name: string;
  readonly what: string;
  readonly members: 1 | 3;
  /** @returns what mends it, after so many ms of it. */
  readonly begin: (pair: Witnessed) => Promise<() => Promise<void> | void>;
}

const cut = async (pair: Witnessed, host: 'host-w' | 'host-x' | 'host-y') => {
  await pair.lab.unplugHost(host);
  return () => pair.lab.plugHost(host);
};

export const TROUBLES: readonly Trouble[] = [
  {
    name: 'stopped',
    what: 'stopped, and started again',
    members: 1,
    begin: async (pair) => {
      await pair.etcd().stop();
      return () => pair.etcd().start();
    },
  },
  {
    name: 'killed',
    what: 'killed and emptied, and started anew',
    members: 1,
    begin: async (pair) => {
      await pair.etcd().kill();
      pair.etcd().empty();
      return () => pair.etcd().start();
    },
  },
  {
    name: 'frozen',
    what: 'frozen, and thawed',
    members: 1,
    begin: (pair) => {
      pair.etcd().signal('SIGSTOP');
      return Promise.resolve(() => pair.etcd().signal('SIGCONT'));
    },
  },
  { name: 'cut', what: 'its network cut', members: 1, begin: (pair) => cut(pair, 'host-w') },
  {
    name: 'leader-moved',
    what: 'the leader of three hands over, and again',
    members: 3,
    begin: async (pair) => {
      await handLeadership(pair);
      return () => handLeadership(pair);
    },
  },
  {
    name: 'leader-killed',
    what: 'the leader of three killed, and started again',
    members: 3,
    begin: async (pair) => {
      const etcd = pair.etcd(await pair.leader());
      await etcd.kill();
      return () => etcd.start();
    },
  },
  {
    name: 'leader-frozen',
    what: 'the leader of three frozen, and thawed',
    members: 3,
    begin: async (pair) => {
      const etcd = pair.etcd(await pair.leader());
      etcd.signal('SIGSTOP');
      return () => etcd.signal('SIGCONT');
    },
  },
  {
    name: 'leader-cut',
    what: 'the network of the leader of three cut',
    members: 3,
    begin: async (pair) => cut(pair, await pair.leader()),
  },
  {
    name: 'no-majority',
    what: 'two of three killed, and started again',
    members: 3,
    begin: async (pair) => {
      const two = [pair.etcd('host-w'), pair.etcd('host-x')];
      await Promise.all(two.map((etcd) => etcd.kill()));
      return () => {
        for (const etcd of two) etcd.start();
      };
    },
  },
];

async function handLeadership(pair: Witnessed): Promise<void> {
  const leader = await pair.leader();
  const members = JSON.parse(pair.etcd(leader).ctl('member', 'list', '-w', 'json')) as {
    readonly members: readonly { readonly name: string }[];
  };
  const to = members.members.find(({ name }) => name !== leader)?.name ?? '';
  // Its number, in hexadecimal: JSON has it as a number that is too large to be exact.
  const line = pair
    .etcd(leader)
    .ctl('member', 'list')
    .split('\n')
    .find((one) => one.includes(` ${to},`));
  pair.etcd(leader).ctl('move-leader', line?.split(',')[0] ?? '');
}

export interface Troubled {
  readonly name: string;
  readonly seconds: number;
  readonly moves: number;
  readonly bothMs: number;
  readonly asked: number;
  readonly unanswered: number;
  /** How often an appliance said meanwhile that the witness is away. */
  readonly alarms: number;
  /** From the mending until both see the witness, and the lease is the Active's. */
  readonly backMs: number;
  /** Processes of ours that are not those from before. */
  readonly restarts: number;
}

/** Troubles the witness beside a pair that is well, for so long. */
export async function trouble(
  pair: Witnessed,
  { name, begin }: Trouble,
  seconds: number,
): Promise<Troubled> {
  const { lab, prober } = pair;
  const active: ApplianceName = 'a';
  const processes = (): number[] =>
    (['a', 'b'] as const).flatMap((one) => lab.appliance(one).processes);
  const before = processes();
  const from = now();
  const window = await prober.open();
  const mend = await begin(pair);
  await atLeast(seconds * 1_000);
  const mendedAt = now();
  await mend();
  await pair.bothSay('seen');
  await pair.settle(active, otherOf(active));
  const backMs = now() - mendedAt;
  // A lease that was not the one that lasts would end by then.
  await atLeast(pair.plan.ttlMs);
  await pair.settle(active, otherOf(active));
  const report = (await window.close())[ADDRESS];
  const after = new Set(processes());
  return {
    name,
    seconds,
    moves: lab.changes(ADDRESS, from).length,
    bothMs: lab.heldTimes(ADDRESS, from, now()).bothHeldMs,
    asked: report?.sent ?? 0,
    unanswered: report?.lost ?? 0,
    alarms: (['a', 'b'] as const).flatMap((one) =>
      lab
        .appliance(one)
        .events()
        .filter(({ event, time }) => event === 'witness-away' && Date.parse(time) >= from),
    ).length,
    backMs,
    restarts: before.filter((pid) => !after.has(pid)).length,
  };
}

/** The witness is gone, and then the Active dies. @returns what the heir did, and said of it. */
export async function loseWithout(pair: Witnessed, active: ApplianceName): Promise<Lost> {
  const { lab } = pair;
  const heir = otherOf(active);
  await pair.etcd().stop();
  await pair.bothSay('away');
  // Each has told the other, and knows that the other has heard it.
  await atLeast(1_000);
  const from = now();
  const restore = await lab.powerCut(active, [ADDRESS]);
  // A host without power holds nothing; the kernel of its namespace does until now.
  const deadAt = now();
  await lab.waitForHolders(ADDRESS, [heir], WAIT_LIMIT_MS);
  const said = await until('on what ground it holds', () =>
    lab
      .appliance(heir)
      .events()
      .find(({ event, time }) => event === 'without-witness' && Date.parse(time) >= from),
  );
  const window = await pair.prober.open();
  await restore();
  pair.startAppliance(active);
  pair.etcd().start();
  await pair.bothSay('seen');
  await pair.settle(heir, active);
  const report = (await window.close())[ADDRESS];
  const changes = lab.changes(ADDRESS, from);
  const takenAt = changes.find(({ appliance, present }) => appliance === heir && present)?.at;
  return {
    name: 'without',
    bothMs: lab.heldTimes(ADDRESS, deadAt, now()).bothHeldMs,
    takenMs: takenAt === undefined ? null : takenAt - from,
    roomMs: null,
    changes: changes.length,
    reason: `${reasonOf(pair, heir, from)}; ${said?.event ?? 'nothing said'}`,
    asked: report?.sent ?? 0,
    unanswered: report?.lost ?? 0,
  };
}
