// The files of an appliance that storms spoil: disk, settings, key, script. What is done to processes and
// wires is bench.ts.
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { run } from '../../scripts/lab/command.js';
import type { Lab } from '../../scripts/lab/lab.js';
import { GATEWAY, type ApplianceName, type RouterName } from '../../scripts/lab/network.js';
import {
  GATEWAY_MONITORING,
  pairProgram,
  PATHS,
  type PairSpec,
} from '../../scripts/lab/pair-program.js';
import {
  COMMAND,
  keepalived,
  keepalivedConfiguration,
  ROOT,
  type Program,
} from '../../scripts/lab/program.js';
import { readKeyFile, retireKey, rotateKey } from '../../src/host/peer-key.js';
import { changedRouters, routersOf, type Change } from './routers.js';
import { THIRD } from './fault.js';
import type { PairPlan } from './storm.js';

/** Room for state and events on the file system that can be full. */
const DISK = 'size=4m,mode=755';
const FILLER = 'filler';

/** While this file is in an appliance's folder, its check fails. */
const DOWN = 'down';

/** A script that fails once the flag stands beside it; until then it is the real one. */
const BROKEN_SCRIPT = `#!/bin/sh
cat >/dev/null
echo 'vip: out of order' >&2
exit 1
`;

/** Between those of the two appliances, so that it has a place in every order. */
const THIRD_PRIORITY = 150;

export class Files {
  readonly #lab: Lab;
  readonly #plan: PairPlan;

  constructor(lab: Lab, plan: PairPlan) {
    this.#lab = lab;
    this.#plan = plan;
  }

  /** Makes the disk that can be full, and the script that can be broken. */
  async lay(name: RouterName): Promise<void> {
    mkdirSync(this.#state(name), { recursive: true });
    await run(['mount', '-t', 'tmpfs', '-o', DISK, 'tmpfs', this.#state(name)]);
    symlinkSync(`${ROOT}scripts/vip`, this.#script(name));
  }

  /** Only the first start writes the settings: afterwards the file is the appliance's. */
  programOf(name: RouterName): Program {
    if (name === THIRD && this.#plan.third === 'keepalived') return this.#foreign();
    const program = pairProgram(name, this.#spec());
    const file = `${this.#lab.appliance(name).directory}/understudy.yaml`;
    if (!existsSync(file)) return program;
    return { ...program, prepare: () => [...COMMAND, 'run', '--config', file] };
  }

  /** `understudy release`, as the unit runs it when the agent has ended. */
  async release(name: RouterName): Promise<void> {
    const { directory } = this.#lab.appliance(name);
    const argv = [...COMMAND, 'release', '--config', `${directory}/understudy.yaml`];
    await this.#lab.run(name, argv);
  }

  /** A new key beside the former one, as `understudy key rotate` writes it; the agent is not told. */
  rotateKey(name: ApplianceName): void {
    rotateKey(this.#key(name));
  }

  /** A new key and no former one. */
  replaceKey(name: ApplianceName): void {
    writeFileSync(this.#key(name), `${randomBytes(32).toString('hex')}\n`);
  }

  copyKey(from: RouterName, to: RouterName): void {
    copyFileSync(this.#key(from), this.#key(to));
  }

  /** Takes the former key out of the file, where there is one. */
  retireKey(name: RouterName): void {
    if (readKeyFile(this.#key(name)).former !== null) retireKey(this.#key(name));
  }

  /** Fills the file system of the state folder to the last byte. */
  async fillDisk(name: ApplianceName): Promise<void> {
    const file = `${this.#state(name)}/${FILLER}`;
    await run(['sh', '-c', 'cat /dev/zero >"$1" 2>/dev/null || [ -s "$1" ]', 'sh', file]);
  }

  async freeDisk(name: ApplianceName): Promise<void> {
    rmSync(`${this.#state(name)}/${FILLER}`, { force: true });
    return Promise.resolve();
  }

  writeChanged(name: ApplianceName, change: Change): void {
    const virtualRouters = changedRouters(this.#spec().virtualRouters ?? [], change);
    this.#writeSettings(name, { ...this.#spec(), virtualRouters });
  }

  /** What is no settings file. */
  writeBroken(name: ApplianceName): void {
    const { directory } = this.#lab.appliance(name);
    writeFileSync(`${directory}/understudy.yaml`, 'name: [a\nvirtualRouters: none of them\n');
  }

  /** Back to the settings of the plan. */
  writePlanned(name: ApplianceName): void {
    this.#writeSettings(name, this.#spec());
  }

  breakScript(name: ApplianceName): void {
    const script = this.#script(name);
    writeFileSync(`${script}.broken`, BROKEN_SCRIPT, { mode: 0o755 });
    renameSync(`${script}.broken`, script);
  }

  mendScript(name: ApplianceName): void {
    const script = this.#script(name);
    symlinkSync(`${ROOT}scripts/vip`, `${script}.real`);
    renameSync(`${script}.real`, script);
  }

  /** Its check (where the plan has monitors) fails from now on, or does no longer. */
  setCheck(name: ApplianceName, passes: boolean): void {
    const file = `${this.#lab.appliance(name).directory}/${DOWN}`;
    if (passes) rmSync(file, { force: true });
    else writeFileSync(file, '');
  }

  #spec(): PairSpec {
    const { intervalMs, families, preempt, mode, monitors, leaseSeconds, third } = this.#plan;
    const six = families.every((family) => family === 'ipv6');
    return {
      ha: { preempt, mode },
      virtualRouters: routersOf(this.#plan),
      ...(six ? { paths: PATHS_WITH_IPV6 } : {}),
      ...(third === 'ours' ? { members: ['a', 'b', THIRD] } : {}),
      own: { [THIRD]: { priority: THIRD_PRIORITY } },
      router: {
        advertisementIntervalMs: intervalMs,
        // What keepalived sends and takes.
        ...(third === 'keepalived' ? { checksum: 'rfc5798' } : {}),
      },
      top: (directory) => ({
        vip: { script: `${directory}/vip`, leaseSeconds },
        ...(monitors ? monitoring(directory, six ? GATEWAY.ipv6 : GATEWAY.ipv4) : {}),
      }),
    };
  }

  #foreign(): Program {
    const { intervalMs, preempt } = this.#plan;
    const routers = routersOf(this.#plan).map(({ name, vrid, addresses }) => ({
      name,
      vrid,
      addresses,
    }));
    const node = { name: THIRD, priority: THIRD_PRIORITY, preempt, routers };
    return keepalived(keepalivedConfiguration({ ...node, advertisementIntervalMs: intervalMs }));
  }

  /** The key stays: it may be another one by now. */
  #writeSettings(name: ApplianceName, spec: PairSpec): void {
    const key = readFileSync(this.#key(name));
    pairProgram(name, spec).prepare(this.#lab.appliance(name).directory);
    writeFileSync(this.#key(name), key);
  }

  readonly #key = (name: RouterName): string => `${this.#lab.appliance(name).directory}/ha.key`;
  readonly #state = (name: RouterName): string => `${this.#lab.appliance(name).directory}/state`;
  readonly #script = (name: RouterName): string => `${this.#lab.appliance(name).directory}/vip`;
}

/** The HA link stays what it is; the path over the LAN is of IPv6. */
const PATHS_WITH_IPV6: NonNullable<PairSpec['paths']> = {
  a: [PATHS.a[0], '2001:db8:99::1'],
  b: [PATHS.b[0], '2001:db8:99::2'],
  'host-d': ['2001:db8:99::3'],
};

const monitoring = (directory: string, gateway: string): Readonly<Record<string, unknown>> => ({
  gatewayMonitoring: { ...GATEWAY_MONITORING, addresses: [gateway] },
  checks: [
    {
      name: 'upcheck',
      type: 'script',
      command: ['/usr/bin/test', '!', '-e', `${directory}/${DOWN}`],
      intervalMs: 200,
      failureThreshold: 2,
      recoveryThreshold: 2,
    },
  ],
});
