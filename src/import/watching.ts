// What instances track, as checks and link pairs. A check holds for the whole appliance, as its virtual routers move
// together. No virtual routers: see routers.ts.
import type { Account } from './account.js';
import type { Instance, Parts, Script, Track } from './parts.js';
import { Names } from './routers.js';
import { argumentsOf } from './tracks.js';

export interface Check {
  readonly name: string;
  readonly type: 'script' | 'tcp';
  readonly command?: readonly string[];
  readonly host?: string;
  readonly port?: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly recoveryThreshold: number;
  readonly weight?: number;
}

export interface Watching {
  readonly checks: readonly Check[];
  readonly pairs: readonly (readonly [string, string])[];
  /** What all positive weights add to every priority; a failure takes its part away again. */
  readonly raise: number;
}

/** Names that status and events have already (docs/CONFIGURATION.md). */
const TAKEN_NAMES = ['gateway', 'bandwidth', 'links', 'address-lost'];

/** Nothing that is lowered by it stays above an Active that is sound. */
const WHOLE_PRIORITY = 254;

interface Circumstances {
  /** Whether there are peers in ha.peers, to whom a soft fault gives the role. */
  readonly knowsPeer: boolean;
  /** The interfaces that carry virtual routers: a fault of theirs is always one. */
  readonly carriers: ReadonlySet<string>;
}

interface Use {
  readonly weight: number;
  readonly track: Track;
}

export function watchingOf(parts: Parts, at: Circumstances, account: Account): Watching {
  const names = new Names(TAKEN_NAMES);
  const uses = usesOf(parts, account);
  const checks: Check[] = [];
  let raise = 0;
  const add = (check: Omit<Check, 'weight'>, of: readonly Use[]): void => {
    const weights = of.map(({ weight }) => weight);
    const fault = weights.includes(0);
    const weight = fault ? WHOLE_PRIORITY : Math.max(...weights.map(Math.abs));
    if (!fault && weights.some((one) => one > 0)) raise += weight;
    checks.push({ ...check, ...(fault && at.knowsPeer ? {} : { weight }) });
    for (const use of of) explain(use, weight, fault, at, account);
    if (new Set(weights).size > 1) {
      const text = fault ? 'a fault' : `weight ${weight}`;
      for (const { track } of of) {
        account.changed(track.place, `${check.name} has one weight for all that track it: ${text}`);
      }
    }
  };
  const byScript = byName(uses.filter(({ kind }) => kind === 'script'));
  for (const script of parts.scripts) {
    const of = byScript.get(script.name);
    if (of !== undefined) add(checkOf(script, names, account), of);
    else {
      const reason = 'no instance tracks it, so keepalived does not run it either';
      for (const line of [script.place, ...script.lines]) account.dropped(line, reason);
    }
  }
  const links = uses.filter(({ kind }) => kind === 'interface');
  for (const [name, of] of byName(links.filter(({ weight }) => weight !== 0))) {
    add(linkCheck(name, names), of);
  }
  if (checks.length > MOST_CHECKS) {
    account.fail({
      place: uses[0]?.track.place ?? { file: '', line: 1 },
      expected: `at most ${MOST_CHECKS} scripts and interfaces that are tracked`,
      found: `${checks.length}`,
      remedy: 'track fewer: one script may look at several things',
    });
  }
  return { checks, pairs: pairsOf(links, at, account), raise };
}

const MOST_CHECKS = 64;

function byName(uses: readonly KindOfUse[]): Map<string, KindOfUse[]> {
  const named = new Map<string, KindOfUse[]>();
  for (const use of uses) {
    const same = named.get(use.track.name);
    if (same === undefined) named.set(use.track.name, [use]);
    else same.push(use);
  }
  return named;
}

function explain(
  { weight, track }: Use,
  result: number,
  fault: boolean,
  at: Circumstances,
  account: Account,
): void {
  if (fault && at.knowsPeer) {
    account.changed(
      track.place,
      'a soft fault: the role goes to the peer if that is sound; if not, somebody still holds it',
    );
  } else if (fault) {
    account.changed(
      track.place,
      `a failure lowers the priority to 1, so that another router takes the role unless it has preempt: false; with ha.peers (--peer) it would be a soft fault`,
    );
  } else if (weight > 0) {
    account.changed(
      track.place,
      `priorities begin ${result} higher, and a failure lowers them by ${result}: understudy only lowers`,
    );
  } else account.kept(track.place, `a failure lowers the priority by ${result}`);
}

interface KindOfUse extends Use {
  readonly kind: 'script' | 'interface';
}

/** Everything that is tracked, with the weight that keepalived gives it. */
function usesOf({ instances, groups, scripts }: Parts, account: Account): KindOfUse[] {
  const weightOf = new Map(scripts.map(({ name, weight }) => [name, weight]));
  const grouped = new Set(
    groups.filter(({ keepsWeights }) => !keepsWeights).flatMap(({ members }) => members),
  );
  const owners: { of: Pick<Instance, 'interfaces' | 'scripts'>; zero: boolean }[] = [
    ...instances.map((of) => ({ of, zero: grouped.has(of.name) })),
    ...groups.map((of) => ({ of, zero: false })),
  ];
  return owners.flatMap(({ of, zero }) =>
    (['script', 'interface'] as const).flatMap((kind) =>
      (kind === 'script' ? of.scripts : of.interfaces).flatMap((track): KindOfUse[] => {
        const own = track.weight ?? (kind === 'script' ? weightOf.get(track.name) : 0);
        if (own === undefined) return [];
        if (own === null) {
          account.dropped(
            track.place,
            'its script has weight ... reverse, which has no counterpart',
          );
          return [];
        }
        if (zero && own !== 0) {
          account.changed(
            track.place,
            'keepalived takes the weight of a member of a sync group as 0',
          );
        }
        return [{ kind, track, weight: zero ? 0 : own }];
      }),
    ),
  );
}

const DURATION = { shortest: 10, longest: 3_600_000 };

function checkOf(script: Script, names: Names, account: Account): Check {
  const { place } = script;
  const bounded = (wanted: number, least: number, most: number, unit: string): number => {
    const value = Math.min(most, Math.max(least, wanted));
    if (value !== wanted) account.changed(place, `${value} ${unit} instead of ${wanted}`);
    return value;
  };
  const { shortest, longest } = DURATION;
  const name = names.of(script.name);
  if (name !== script.name) account.changed(place, `called ${name}`);
  return {
    name,
    ...programOf(script, account),
    intervalMs: bounded(script.intervalMs, shortest, longest, 'ms'),
    timeoutMs: bounded(script.timeoutMs, shortest, longest, 'ms'),
    failureThreshold: bounded(script.fall, 1, 255, 'failures'),
    recoveryThreshold: bounded(script.rise, 1, 255, 'successes'),
  };
}

/** What a shell would act upon. */
const SHELL = /[|&;<>()$`*?[\]~]/;

/** `</dev/tcp/HOST/PORT`, which only bash knows, is a check of its own here. */
const DEV_TCP = /^<\s*\/dev\/tcp\/([^/\s]+)\/(\d+)$/;

function programOf(
  { command, commandAt }: Script,
  account: Account,
): Pick<Check, 'type' | 'command' | 'host' | 'port'> {
  const connection = DEV_TCP.exec(command.trim());
  if (connection !== null) {
    account.changed(commandAt, 'a check of type tcp');
    return { type: 'tcp', host: connection[1] ?? '', port: Number(connection[2]) };
  }
  const words = argumentsOf(command);
  if (command.startsWith('/') && !SHELL.test(command) && words.length <= 64) {
    account.kept(commandAt, 'runs with the rights of the agent, in / and without a shell');
    return { type: 'script', command: words };
  }
  account.changed(commandAt, 'run by /bin/sh, with the rights of the agent');
  return { type: 'script', command: ['/bin/sh', '-c', command] };
}

/** The kernel's own word on the carrier. */
function linkCheck(name: string, names: Names): Check {
  return {
    name: names.of(`link-${name}`),
    type: 'script',
    command: ['/bin/grep', '-qx', '1', `/sys/class/net/${name}/carrier`],
    intervalMs: 500,
    timeoutMs: 1000,
    failureThreshold: 1,
    recoveryThreshold: 1,
  };
}

const MOST_PAIRS = 64;

/** Interfaces whose loss is a fault; each is paired with one that carries addresses, which is a fault anyway. */
function pairsOf(
  links: readonly Use[],
  { carriers }: Circumstances,
  account: Account,
): (readonly [string, string])[] {
  const [carrier = ''] = carriers;
  const pairs = new Map<string, readonly [string, string]>();
  for (const { track, weight } of links) {
    if (weight !== 0) continue;
    if (carriers.has(track.name)) {
      account.kept(track.place, 'an interface that carries a virtual router is always watched');
      continue;
    }
    pairs.set(track.name, [track.name, carrier]);
    account.changed(
      track.place,
      `a pair of linkMonitoring with ${carrier}: its loss is a fault of the whole appliance`,
    );
    if (pairs.size > MOST_PAIRS) {
      const expected = `at most ${MOST_PAIRS} interfaces in track_interface`;
      const remedy = 'track fewer';
      account.fail({ place: track.place, expected, found: 'more', remedy });
      break;
    }
  }
  return [...pairs.values()];
}
