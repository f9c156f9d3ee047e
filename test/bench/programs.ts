// What each software is told in each part of the benchmark: the same topology, priorities and checks
// for both. Nothing is started here.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import type { ApplianceName } from '../../scripts/lab/network.js';
import {
  GATEWAY_MONITORING,
  LAN,
  pairProgram,
  type PairSpec,
} from '../../scripts/lab/pair-program.js';
import {
  keepalived,
  keepalivedConfiguration,
  programFor,
  MAIN,
  type NodeSpec,
  type Program,
  type RouterSpec,
} from '../../scripts/lab/program.js';
import type { Software } from './results.js';

export const ADDRESS = '10.99.0.100';

const PRIORITIES: Readonly<Record<ApplianceName, number>> = { a: 200, b: 100 };

/** The check of both: vrrp_script knows whole seconds only, so a second it is. */
const CHECK_FAILURES = 3;

/** While this file is in an appliance's folder, its check fails. */
export const downFile = (directory: string): string => `${directory}/down`;

/** One side of a pair, by appliance; `directory` is the appliance's own. */
export type ProgramFor = (name: ApplianceName, directory: string) => Program;

const nodeSpec = (
  name: ApplianceName,
  advertisementIntervalMs: number,
  routers: readonly RouterSpec[],
): NodeSpec => ({ name, priority: PRIORITIES[name], advertisementIntervalMs, routers });

/**
 * The pair that is broken: one virtual router, one check, and what else each software has.
 * @param checksMs how often understudy asks its peer and the gateway; null for its defaults.
 */
export function failoverPrograms(
  software: Software,
  intervalMs: number,
  checksMs: number | null,
): ProgramFor {
  return software === 'understudy'
    ? (name) => pairProgram(name, understudyPair(intervalMs, checksMs))
    : (name, directory) => keepalivedPair(name, directory, intervalMs, PRIORITIES[name]);
}

/** keepalived's way to hand a role over: another priority, by reload. */
export function keepalivedYielding(directory: string, intervalMs: number): Program {
  return keepalivedPair('a', directory, intervalMs, PRIORITIES.b / 2);
}

const understudyPair = (advertisementIntervalMs: number, checksMs: number | null): PairSpec => ({
  router: { advertisementIntervalMs },
  ...(checksMs === null ? {} : { ha: { peerCheckIntervalMs: checksMs } }),
  top: monitors(checksMs ?? GATEWAY_MONITORING.intervalMs),
});

/** A gateway that is asked so often, and the check that keepalived has too. */
export const monitors =
  (gatewayMs: number) =>
  (directory: string): Readonly<Record<string, unknown>> => ({
    gatewayMonitoring: { ...GATEWAY_MONITORING, intervalMs: gatewayMs },
    checks: [
      {
        name: 'upcheck',
        type: 'script',
        command: ['/usr/bin/test', '!', '-e', downFile(directory)],
        intervalMs: 1000,
        failureThreshold: CHECK_FAILURES,
        recoveryThreshold: 1,
      },
    ],
  });

function keepalivedPair(
  name: ApplianceName,
  directory: string,
  intervalMs: number,
  priority: number,
): Program {
  const routers = [{ name: LAN.name, vrid: LAN.vrid, addresses: LAN.addresses }];
  const check = `vrrp_script upcheck {
  script "/usr/bin/test ! -e ${downFile(directory)}"
  interval 1
  fall ${CHECK_FAILURES}
  rise 1
}
`;
  const spec = { ...nodeSpec(name, intervalMs, routers), priority };
  const instance = ['track_script {', '  upcheck', '}'];
  return quietly(keepalivedConfiguration(spec, { blocks: check, instance }));
}

/** As it is deployed: a daemon that waits for the reader of its log would be measured too slow. */
const quietly = (configuration: string): Program => keepalived(configuration, { quiet: true });

/** As many virtual routers as are asked for, one address each. */
export function manyRouters(count: number): (RouterSpec & { readonly address: string })[] {
  // Single addresses: the first one of a common subnet would take the others along when it goes.
  return Array.from({ length: count }, (_, index) => {
    const address = `10.99.1.${index + 1}`;
    return { name: `vr${index + 1}`, vrid: index + 1, address, addresses: [`${address}/32`] };
  });
}

/** A pair that does nothing but VRRP, and peer checks where there are any. */
export function plainPrograms(
  software: Software,
  intervalMs: number,
  count: number,
  realtime: Realtime = 'default',
): ProgramFor {
  const routers = manyRouters(count).map(({ name, vrid, addresses }) => ({
    name,
    vrid,
    addresses,
  }));
  if (software === 'understudy') {
    const virtualRouters = routers.map((router) => ({
      ...router,
      interface: 'eth0',
      advertisementIntervalMs: intervalMs,
    }));
    const top = realtime === 'default' ? {} : { realtime: { enabled: realtime === 'on' } };
    return (name) => pairProgram(name, { virtualRouters, top });
  }
  const global = realtime === 'on' ? KEEPALIVED_REALTIME : [];
  return (name) =>
    quietly(keepalivedConfiguration(nodeSpec(name, intervalMs, routers), { global }));
}

/** Real time as the software itself has it: its default, or set. */
export type Realtime = 'default' | 'on' | 'off';

/** The limit lies far above its default of 10 ms, at which the kernel would end it under load. */
const KEEPALIVED_REALTIME = [
  'vrrp_rt_priority 50',
  'vrrp_rlimit_rttime 10000000',
  'vrrp_no_swap',
] as const;

/** The owner of an address (priority 255): Active from its first advertisement, no election. */
export function ownerProgram(software: Software): Program {
  const routers = [{ name: LAN.name, vrid: LAN.vrid, addresses: LAN.addresses }];
  const spec = { name: 'a', priority: 255, advertisementIntervalMs: 1000, routers };
  if (software === 'understudy') return programFor(software, spec);
  // keepalived's own word for the owner.
  return quietly(keepalivedConfiguration(spec, { instance: ['state MASTER'] }));
}

/** Writes the time of the exec itself into the file, so that the lab's own wrapping is not measured. */
export const timed = (program: Program, file: string): Program => ({
  ...program,
  prepare: (directory) => {
    const script = 'date +%s.%N >"$0"; exec "$@"';
    return ['sh', '-c', script, file, ...program.prepare(directory)];
  },
});

/** Whether this understudy knows the setting `realtime`. */
export function knowsRealtime(): boolean {
  const directory = mkdtempSync('/run/realtime-');
  const file = `${directory}/understudy.yaml`;
  const settings = { realtime: { enabled: true }, virtualRouters: [LAN] };
  writeFileSync(file, JSON.stringify(settings));
  const argv = [MAIN, 'check', '--config', file];
  const { status } = spawnSync(process.execPath, argv, { stdio: 'ignore' });
  rmSync(directory, { recursive: true });
  return status === 0;
}
