// A machine of its own under a real systemd: PID 1 of fresh namespaces, on a Debian root, in the
// network namespace of one of the lab's appliances. No expectations, no understudy settings.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { attempt, ended, LineLog, run, type Completed } from '../../scripts/lab/command.js';
import type { Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { ROOT } from '../../scripts/lab/program.js';
import { createControlClient, type ControlClient } from '../../src/control/client.js';
import { until, WAIT_LIMIT_MS, within } from '../support/limits.js';

/** Where the project lies in a box, read-only. */
export const SOURCE = '/opt/understudy';
export const UNIT = 'understudy.service';

/** Why no box can be booted here; null when one can. */
export function boxRefusal(): string | null {
  return process.env['UNDERSTUDY_BOX_ROOT'] === undefined
    ? 'no Debian root to boot: run scripts/test-systemd'
    : null;
}

const given = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} expected: run scripts/test-systemd`);
  return value;
};

/**
 * Becomes the init of the box. The overlay keeps the root as it is for the next box; node and the
 * project are the host's own. systemd as PID 1 wants its usual file systems and no more. No timer of the
 * distribution acts in it, such as the one that backs dpkg's files up at midnight: what a test finds is its own doing.
 */
const BOOT = `
set -eu
cgroup=$1 root=$2 name=$3 node=$4 project=$5 lower=$6
echo $$ >"$cgroup/cgroup.procs"
exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child --propagation private sh -c '
set -eu
root=$1 name=$2 node=$3 project=$4 lower=$5
mkdir -p "$root/upper" "$root/work" "$root/merged"
if ! mount -t overlay -o "lowerdir=$lower,upperdir=$root/upper,workdir=$root/work" box "$root/merged" 2>/dev/null; then
  [ -e "$root/merged/usr" ] || cp -a "$lower/." "$root/merged/"
  mount --bind "$root/merged" "$root/merged"
fi
cd "$root/merged"
touch usr/bin/node
mount --bind "$node" usr/bin/node
mkdir -p opt/understudy
mount --bind "$project" opt/understudy
mount -o remount,bind,ro opt/understudy
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
  touch "dev/$device"; mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
printf "%032x\\n" $((0x$name)) >etc/machine-id
echo "$name" >etc/hostname
touch box-ready; mount --bind "$root/ready" box-ready
printf "%s\\n" "[Unit]" After=multi-user.target "[Service]" Type=oneshot \
  "ExecStart=dd if=/etc/hostname of=/box-ready status=none" >etc/systemd/system/box-ready.service
for timer in "$lower"/lib/systemd/system/*.timer; do
  ln -sf /dev/null "etc/systemd/system/$(basename "$timer")"
done
mkdir -p etc/systemd/system/multi-user.target.wants
ln -sf ../box-ready.service etc/systemd/system/multi-user.target.wants/
mkdir -p .old
pivot_root . .old
umount -l /.old
# As on a machine: credentials are mounted elsewhere, and come to their place by propagation.
mount --make-rshared /
exec env -i container=understudy PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C \
  /lib/systemd/systemd --log-target=journal --log-level=info --show-status=0
' sh "$root" "$name" "$node" "$project" "$lower"
`;

/** The only child of a process, by its number in the sandbox. */
function childOf({ pid = 0 }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

/** SIGRTMIN+4, by which a container manager tells systemd to power off (systemd(1)). */
const POWER_OFF_SIGNAL = 38;

export class Box {
  readonly name: ApplianceName;
  /** Everything the unit and its processes have written, and all that systemd says. */
  readonly journal: LineLog;
  readonly #unshare: ChildProcess;
  readonly #cgroup: string;
  readonly #fifo: string;
  readonly #listeners = new Set<() => void>();
  #init = 0;
  #told = 0;
  #follower: ChildProcess | null = null;

  private constructor(lab: Lab, name: ApplianceName) {
    this.name = name;
    this.journal = new LineLog(() => this.stir());
    // A new one each time: an old one may still be frozen.
    this.#cgroup = mkdtempSync(`${given('UNDERSTUDY_BOX_CGROUP')}/${name}-`);
    const root = `/run/box-${name}`;
    mkdirSync(root, { recursive: true });
    this.#fifo = `${root}/ready`;
    rmSync(this.#fifo, { force: true });
    execFileSync('mkfifo', [this.#fifo]);
    const node = realpathSync(process.execPath);
    const words = [this.#cgroup, root, name, node, ROOT, given('UNDERSTUDY_BOX_ROOT')];
    const argv = lab.network.inside(name, ['sh', '-c', BOOT, 'sh', ...words]);
    const [command = '', ...rest] = argv;
    this.#unshare = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /**
   * Resolves when systemd has started everything. What a machine of this name, off by now, has written to
   * its disk is there again. @throws Error with the console when it has not.
   */
  static async boot(lab: Lab, name: ApplianceName): Promise<Box> {
    const box = new Box(lab, name);
    await box.#started();
    await box.#follow();
    return box;
  }

  /** The command line that runs `argv` in the box, as root. */
  inside(argv: readonly string[]): string[] {
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const clean = ['env', '-i', '--chdir=/', path, 'LANG=C', ...argv];
    return ['nsenter', `--target=${this.#init}`, '--all', '--', ...clean];
  }

  /** @throws Error when the exit status is not 0. */
  run(argv: readonly string[], input = ''): Promise<Completed> {
    return run(this.inside(argv), input);
  }

  attempt(argv: readonly string[], input = ''): Promise<Completed> {
    return attempt(this.inside(argv), input);
  }

  sh(script: string): Promise<Completed> {
    return this.run(['sh', '-euc', script]);
  }

  systemctl(...words: string[]): Promise<Completed> {
    return this.run(['systemctl', ...words]);
  }

  /** One property of the unit. */
  async property(name: string, unit = UNIT): Promise<string> {
    const { stdout } = await this.systemctl('show', '--value', '--property', name, unit);
    return stdout.trim();
  }

  async mainPid(): Promise<number> {
    return Number(await this.property('MainPID'));
  }

  /** Sends a signal to a process by its number in the box. */
  async signal(signal: string, pid: number): Promise<void> {
    await this.sh(`kill -${signal} ${pid}`);
  }

  write(path: string, text: string, mode = 0o644): void {
    writeFileSync(this.path(path), text, { mode });
  }

  /** A file of the box as this process reaches it. */
  path(inBox: string): string {
    return `/proc/${this.#init}/root${inBox}`;
  }

  exists(path: string): boolean {
    return existsSync(this.path(path));
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  client(): ControlClient {
    const deadlineMs = WAIT_LIMIT_MS;
    return createControlClient(this.path('/run/understudy/control.sock'), { deadlineMs });
  }

  /** Processes of the unit's control group, by their numbers in the sandbox. */
  processes(): string[] {
    const file = `${this.#unitCgroup()}/cgroup.procs`;
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  }

  /** Writes to a control file of the unit's control group: `cgroup.freeze`, `cgroup.kill`. */
  control(file: string, value: string): void {
    writeFileSync(`${this.#unitCgroup()}/${file}`, value);
  }

  /** Stops every process of the box, its systemd too; the kernel goes on answering. */
  freeze(frozen: boolean): void {
    writeFileSync(`${this.#cgroup}/cgroup.freeze`, frozen ? '1' : '0');
  }

  /** The next line of the journal at or after position `from` that matches. */
  async line(pattern: RegExp, from = 0): Promise<string> {
    const last = (): string[] => this.journal.lines.slice(-5).map(({ text }) => text);
    let found: string | undefined;
    const look = (): string[] => {
      found = this.journal.lines.slice(from).find(({ text }) => pattern.test(text))?.text;
      return last();
    };
    const expected = `${this.name}: a line of the journal like ${pattern}`;
    await until(
      expected,
      look,
      () => found !== undefined,
      () => this.stirred(1_000),
    );
    return found ?? '';
  }

  /** Resolves when something was logged, or after `mostMs`: not all that changes is logged. */
  stirred(mostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(settle);
        resolve();
      };
      const timer = setTimeout(settle, mostMs);
      this.#listeners.add(settle);
    });
  }

  /** Something happened elsewhere that whoever waits here may wait for. */
  stir(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Position in the journal from which on lines are new. */
  get mark(): number {
    return this.journal.lines.length;
  }

  /** What was said since the last call, for a failed test. */
  words(): string {
    const lines = this.journal.lines.slice(this.#told).map(({ text }) => `${this.name}: ${text}`);
    this.#told = this.journal.lines.length;
    return lines.join('\n');
  }

  /** Shuts the machine down in good order. @throws Error when it is not off in time. */
  async powerOff(): Promise<void> {
    await this.#unfollow();
    process.kill(this.#init, POWER_OFF_SIGNAL);
    await within(`${this.name} to be off`, ended(this.#unshare), () => this.words());
  }

  async halt(): Promise<void> {
    this.#follower?.kill('SIGKILL');
    // The namespaces' init goes with it, and with that every process of the box.
    writeFileSync(`${this.#cgroup}/cgroup.kill`, '1');
    this.#unshare.kill('SIGKILL');
    await ended(this.#unshare);
  }

  #unitCgroup(): string {
    return `${this.#cgroup}/system.slice/${UNIT}`;
  }

  async #started(): Promise<void> {
    const { stdout, stderr } = this.#unshare;
    for (const stream of [stdout, stderr]) if (stream !== null) this.journal.follow(stream);
    // Open for writing as well: a pipe that nobody writes to would be at its end.
    const fifo = openSync(this.#fifo, constants.O_RDWR | constants.O_NONBLOCK);
    const ready = new Socket({ fd: fifo, readable: true, writable: false });
    const booted = new Promise<void>((resolve, reject) => {
      const lost = `no box ${this.name}: its init has ended`;
      this.#unshare.once('exit', () => reject(new Error(`${lost}\n${this.words()}`)));
      ready.once('data', () => resolve());
    });
    await within(`the box ${this.name} to be up`, booted, () => this.words()).finally(() =>
      ready.destroy(),
    );
    // nsenter, sh and unshare have become one process; the box's init is its only child.
    this.#init = childOf(this.#unshare);
  }

  /** Resolves when what is logged from now on will be seen. */
  async #follow(): Promise<void> {
    const marker = 'the journal is followed';
    const matches = [
      'SYSLOG_IDENTIFIER=box-marker',
      '+',
      `_SYSTEMD_UNIT=${UNIT}`,
      '+',
      `UNIT=${UNIT}`,
    ];
    const options = ['--follow', '--lines=all', '--output=cat'];
    const [command = '', ...rest] = this.inside(['journalctl', ...options, ...matches]);
    this.#follower = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (this.#follower.stdout !== null) this.journal.follow(this.#follower.stdout);
    await this.run(['systemd-cat', '--identifier=box-marker', 'echo', marker]);
    await this.line(new RegExp(marker));
  }

  /** At a shutdown systemd would wait for a process in the box whose parent, nsenter, is not. */
  async #unfollow(): Promise<void> {
    if (this.#follower === null) return;
    process.kill(childOf(this.#follower), 'SIGKILL');
    await ended(this.#follower);
    this.#follower = null;
  }
}
