// The log as journald's own entries: what stands in one, and that a line which journald does not take goes where it
// went before. The reader of the socket is Python's, since Node has no unix datagrams.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, fstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { entryOf, journaldOf, messageId } from '../../src/journal/journald.js';
import { openKernel } from '../../src/kernel/native.js';
import { REPORTS } from '../../src/model/reasons.js';
import { eventOf, linesOf } from '../support/limits.js';

const LOG = new URL('../../src/journal/log.js', import.meta.url).href;
const JOURNALD = new URL('../../src/journal/journald.js', import.meta.url).href;
const NATIVE = new URL('../../src/kernel/native.js', import.meta.url).href;
const ADDON = new URL('../../../build/Release/understudy.node', import.meta.url);
const skip =
  existsSync(ADDON) && spawnSync('python3', ['--version']).status === 0
    ? false
    : 'needs the addon (npm run build:native) and python3';

const { dev, ino } = fstatSync(1);
const OUR_OUTPUT = `${dev}:${ino}`;

/** Binds the socket; reads so many datagrams, then only stands there. */
const READER = `
import base64, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
for i in range(int(sys.argv[2])): print(base64.b64encode(s.recv(1 << 20)).decode(), flush=True)
time.sleep(600)
`;

const LINE = {
  level: 'warn',
  name: 'dallas-1',
  event: 'transition',
  virtualRouter: 'lan',
  reason: 'no-carrier',
  msg: 'lan: Active → Initialize',
};

/** The fields of an entry, in the form of journald's native protocol. */
function fieldsOf(entry: Buffer | null): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let rest = entry ?? Buffer.alloc(0); rest.length > 0;) {
    const end = rest.indexOf('\n');
    const head = rest.toString('utf8', 0, end);
    const sign = head.indexOf('=');
    rest = rest.subarray(end + 1);
    if (sign > 0) {
      fields[head.slice(0, sign)] = head.slice(sign + 1);
      continue;
    }
    const length = Number(rest.readBigUInt64LE());
    fields[head] = rest.toString('utf8', 8, 8 + length);
    assert.equal(rest[8 + length], 10);
    rest = rest.subarray(9 + length);
  }
  return fields;
}

describe('an entry of the journal', () => {
  it('has the priority, the event, its message id, and the whole record', () => {
    const line = `${JSON.stringify(LINE)}\n`;
    assert.deepEqual(fieldsOf(entryOf(line)), {
      MESSAGE: 'lan: Active → Initialize',
      PRIORITY: '4',
      SYSLOG_IDENTIFIER: 'understudy',
      MESSAGE_ID: messageId('transition'),
      UNDERSTUDY_EVENT: 'transition',
      UNDERSTUDY_VIRTUAL_ROUTER: 'lan',
      UNDERSTUDY_REASON: 'no-carrier',
      UNDERSTUDY_NAME: 'dallas-1',
      UNDERSTUDY_RECORD: line.trimEnd(),
    });
  });

  it('text from elsewhere makes no field of its own', () => {
    const msg = 'a\nPRIORITY=0\nUNDERSTUDY_EVENT=move';
    const fields = fieldsOf(entryOf(JSON.stringify({ level: 'info', msg })));
    assert.equal(fields['MESSAGE'], msg);
    assert.equal(fields['PRIORITY'], '6');
    assert.equal(fields['UNDERSTUDY_EVENT'], undefined);
  });

  it('each level has its priority', () => {
    const priority = (level: string): string | undefined =>
      fieldsOf(entryOf(JSON.stringify({ level, msg: '' })))['PRIORITY'];
    const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'another'];
    assert.deepEqual(levels.map(priority), ['2', '3', '4', '6', '7', '6']);
  });

  it('what is no line of the log makes none', () => {
    assert.equal(entryOf('Segmentation fault'), null);
  });

  it('message ids are those of the page, one for each event', () => {
    const page = readFileSync('docs/MONITORING.md', 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| `([0-9a-f]{32})` \|$/gm)];
    const events = new Set(Object.keys(REPORTS));
    for (const entry of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts')) continue;
      const text = readFileSync(join('src', entry), 'utf8');
      // One name, or several to choose from.
      for (const [names] of text.matchAll(/event: '[a-z-]+'(?: \| '[a-z-]+')*/g)) {
        for (const [, name = ''] of names.matchAll(/'([a-z-]+)'/g)) events.add(name);
      }
    }
    assert.deepEqual(
      rows.map(([, event, id]) => [event, id]),
      [...events].toSorted().map((event) => [event, messageId(event)]),
    );
  });
});

describe('journald', { skip }, () => {
  let folder = '';
  let socket = '';
  let reader: ChildProcess | null = null;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-journald-'));
    socket = join(folder, 'socket');
  });
  afterEach(async () => {
    if (reader !== null) {
      const gone = eventOf(reader, 'exit');
      reader.kill('SIGKILL');
      await gone;
    }
    reader = null;
    rmSync(folder, { recursive: true });
  });

  const send = (path: string, bytes: Uint8Array): boolean => openKernel().sendDatagram(path, bytes);

  /** @returns the lines that it prints: `bound` first. */
  function read(count: number): ReturnType<typeof linesOf> {
    const child = spawn('python3', ['-c', READER, socket, String(count)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    reader = child;
    return linesOf(child.stdout, 'the reader');
  }

  it('is told only where standard output is the journal', () => {
    const sent: Uint8Array[] = [];
    const take = (_path: string, bytes: Uint8Array): boolean => sent.push(bytes) > 0;
    const line = JSON.stringify(LINE);
    assert.equal(journaldOf(take, '')(line), false);
    assert.equal(journaldOf(take, '1:2')(line), false);
    assert.equal(sent.length, 0);
    assert.equal(journaldOf(take, OUR_OUTPUT)(line), true);
    assert.equal(sent.length, 1);
  });

  it('gets an entry as one datagram, and a line break in a value', async () => {
    const next = read(2);
    assert.equal(await next(), 'bound');
    const take = journaldOf(send, OUR_OUTPUT, socket);
    for (const msg of ['well', 'two\nlines']) {
      const line = JSON.stringify({ ...LINE, msg });
      assert.equal(take(line), true);
      assert.deepEqual(Buffer.from(await next(), 'base64'), entryOf(line));
    }
  });

  it('gone, or behind: refuses at once, and takes again when it is back', async () => {
    const line = JSON.stringify(LINE);
    const take = journaldOf(send, OUR_OUTPUT, socket);
    assert.equal(take(line), false, 'nobody has bound the socket');

    assert.equal(await read(0)(), 'bound');
    let taken = 0;
    // The kernel keeps a number of datagrams for a reader (net.unix.max_dgram_qlen), and never this many.
    while (taken < 100_000 && take(line)) taken += 1;
    assert.ok(taken > 0 && taken < 100_000, `taken: ${taken}`);
    assert.equal(
      take('{"level":"info","msg":"' + 'x'.repeat(8_000_000) + '"}'),
      false,
      'too large',
    );
  });

  it('the log of a process: what journald does not take is on standard output, and nothing is lost', async () => {
    assert.equal(await read(0)(), 'bound');
    const script = `
      const { fstatSync } = await import('node:fs');
      const { openKernel } = await import(${JSON.stringify(NATIVE)});
      const { journaldOf } = await import(${JSON.stringify(JOURNALD)});
      const { openLog } = await import(${JSON.stringify(LOG)});
      const kernel = openKernel();
      const { dev, ino } = fstatSync(1);
      let taken = 0;
      const send = (path, bytes) => kernel.sendDatagram(path, bytes) && (taken += 1) > 0;
      const agentLog = openLog('test', journaldOf(send, dev + ':' + ino, ${JSON.stringify(socket)}));
      for (let n = 0; n < 2000; n += 1) agentLog.log.info({ n }, 'event');
      agentLog.endAtOnce();
      agentLog.log.fatal({ n: 2000 }, 'the end');
      process.stderr.write(String(taken));`;
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', script],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    const lines = stdout.trimEnd().split('\n');
    const taken = Number(stderr);
    assert.ok(taken > 0 && taken < 2000, `taken: ${taken}`);
    const rest = lines.map((line) => (JSON.parse(line) as { n: number }).n);
    assert.deepEqual(
      rest,
      Array.from({ length: 2001 - taken }, (_, n) => taken + n),
      'the others in order, and the last word, of a process that ends, by the stream',
    );
  });
});
