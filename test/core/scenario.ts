// The language of testdata/*.txt: a command, a line of dashes, what happened. Text in, text out; the
// appliances do the work. No files are read here and nothing is compared.
import type { OperatorCommand } from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import type { ChecksumDialect } from '../../src/model/advertisement.js';
import type { FaultReason } from '../../src/model/reasons.js';
import type { HaMode } from '../../src/model/status.js';
import { centiseconds } from '../../src/model/units.js';
import { Appliances } from './appliances.js';
import { check, configuration, hard, router } from './instance-bench.js';
import { address } from './machine/virtual-router-bench.js';

/** The virtual routers a scenario may name, each on its own interface. */
const PLACES: Readonly<Record<string, Partial<RouterConfiguration>>> = {
  lan: { interface: 'eth0', vrid: 51 },
  wan: { interface: 'eth1', vrid: 52 },
  dmz: { interface: 'eth2', vrid: 53 },
};

const SEPARATOR = '----';

/**
 * Runs every command of the script and returns the script with what happened written under each.
 * @throws Error naming the command, when one cannot be read.
 */
export function playScenario(script: string): string {
  const appliances = new Appliances();
  const blocks = script.split(/\n{2,}/).filter((block) => block.trim() !== '');
  return `${blocks.map((block) => playBlock(appliances, block)).join('\n\n')}\n`;
}

/** Lines up to the separator are commands or comments; what stood below it is replaced. */
function playBlock(appliances: Appliances, block: string): string {
  const lines = block.trim().split('\n');
  const end = lines.indexOf(SEPARATOR);
  const commands = end === -1 ? lines : lines.slice(0, end);
  const active = commands.filter((text) => !text.startsWith('#'));
  if (active.length === 0) return commands.join('\n');
  for (const text of active) playCommand(appliances, text);
  const result = [
    ...appliances.journal(),
    ...(active.at(-1) === 'states' ? appliances.states() : []),
  ];
  return [...commands, SEPARATOR, ...(result.length === 0 ? ['nothing'] : result)].join('\n');
}

type Command = (appliances: Appliances, words: readonly string[]) => void;

/** Carries out one command line. */
export function playCommand(appliances: Appliances, text: string): void {
  const [verb = '', ...words] = text.split(' ');
  const command = COMMANDS[verb];
  if (command === undefined) {
    throw new Error(`a command expected (${Object.keys(COMMANDS).join(', ')}), found: ${text}`);
  }
  command(appliances, words);
}

const COMMANDS: Readonly<Record<string, Command>> = {
  /** `appliance a 192.0.2.10 lan=200 wan=100,nopreempt,interval=10` */
  appliance: (appliances, [name = '', at = '', ...routers]) =>
    appliances.add(name, address(at), configuration(routers.map(readRouter))),
  start: (appliances, names) => names.forEach((name) => appliances.start(name)),
  stop: (appliances, names) => names.forEach((name) => appliances.stop(name)),
  kill: (appliances, names) => names.forEach((name) => appliances.kill(name)),
  /** `pair a b`: peers of each other; `pair a b ha`, `pair a b lan`: on this way only */
  pair: (appliances, words) => {
    const ways = words.filter((word) => word === 'ha' || word === 'lan');
    const names = words.filter((word) => word !== 'ha' && word !== 'lan');
    appliances.pair(names, ways.length === 0 ? ['ha', 'lan'] : ways);
  },
  /** `run 3.5` seconds */
  run: (appliances, [duration]) => appliances.run(Math.round(Number(duration) * 1_000_000)),
  /** `cut a b`, `cut a b eth0`, `cut a b ha`, `cut a b multicast` */
  cut: (appliances, [a = '', b = '', on]) => appliances.cut(a, b, on),
  heal: (appliances, [a = '', b = '', on]) => appliances.heal(a, b, on),
  /** `link a eth0 no-carrier`, `link a eth0 ok` */
  link: (appliances, [name = '', on = '', fault = '']) => setLink(appliances, name, on, fault),
  /** `check a upcheck -150 failed`, `check a gateway soft ok` */
  check: (appliances, [name = '', monitor = '', weight, state]) =>
    appliances.give(
      name,
      check(
        monitor,
        weight === 'soft' ? 'soft' : Number(weight),
        state === 'failed' ? 'failed' : 'ok',
      ),
    ),
  /** `order a failover`, `order a failover force`: an operator's command */
  order: (appliances, [name = '', command, force]) =>
    appliances.give(name, {
      kind: 'operator',
      command: command as OperatorCommand,
      force: force === 'force',
    }),
  /** `pause a`, `resume a`: its process stands still for longer than Active_Down_Interval */
  pause: (appliances, names) => names.forEach((name) => appliances.pause(name)),
  resume: (appliances, names) => names.forEach((name) => appliances.resume(name)),
  /** `configure a lan=100 wan=100`: all its virtual routers from now on */
  configure: (appliances, [name = '', ...routers]) =>
    appliances.configure(name, { virtualRouters: routers.map(readRouter) }),
  /** `mode a off`, `mode a active-active` */
  mode: (appliances, [name = '', mode]) => appliances.configure(name, { mode: mode as HaMode }),
  /** `take-away a lan`: another program removes the addresses */
  'take-away': (appliances, [name = '', virtualRouter = '']) =>
    appliances.takeAway(name, virtualRouter),
  /** `script a lan fails`, `script a lan works` */
  script: (appliances, [name = '', virtualRouter = '', how]) =>
    appliances.setFailing(name, virtualRouter, how === 'fails'),
  /** `foreign lan 192.0.2.99 50 rfc5798`: a router of another make advertises */
  foreign: (appliances, [name = '', source = '', priority, dialect]) =>
    appliances.advertise(readRouter(`${name}=1`), {
      source: address(source),
      priority: Number(priority),
      dialect: dialect as ChecksumDialect,
    }),
  states: () => {},
};

function setLink(appliances: Appliances, name: string, on: string, fault: string): void {
  if (fault === 'interface-missing' || fault === 'interface-back') {
    appliances.setMissing(name, on, fault === 'interface-missing');
  } else if (fault === 'ok') appliances.give(name, hard('no-carrier', on, 'ok'));
  else appliances.give(name, hard(fault as FaultReason, on));
}

/** `lan=200,nopreempt,interval=10` */
function readRouter(text: string): RouterConfiguration {
  const [head = '', ...options] = text.split(',');
  const [name = '', priority] = head.split('=');
  const place = PLACES[name];
  if (place === undefined) throw new Error(`lan, wan or dmz expected, found: ${text}`);
  const interval = options.find((option) => option.startsWith('interval='));
  return router({
    name,
    interface: place.interface ?? '',
    vrid: place.vrid ?? 0,
    priority: Number(priority),
    preempt: !options.includes('nopreempt'),
    advertisementInterval: centiseconds(Number(interval?.slice('interval='.length) ?? 100)),
  });
}
