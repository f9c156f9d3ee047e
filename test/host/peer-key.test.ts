// The key file: what is read, what is refused and why, what keygen writes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from '../support/test.js';
import {
  generateKey,
  readKeyFile,
  readKeyFileLater,
  retireKey,
  rotateKey,
} from '../../src/host/peer-key.js';
import { KeyFileError, type KeyProblem } from '../../src/host/secret-file.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-key-'));
});
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function keyFile(text: string, mode = 0o600): string {
  files += 1;
  const path = join(folder, `key-${files}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function refuses(body: () => unknown, problem: KeyProblem, message: RegExp): void {
  assert.throws(body, (error) => {
    assert.ok(error instanceof KeyFileError, String(error));
    assert.equal(error.problem, problem);
    assert.match(error.message, message);
    return true;
  });
}

const HEX = 'Aa'.repeat(32);

const readKey = (path: string): Buffer => readKeyFile(path).key;

describe('readKeyFile', () => {
  test('64 hexadecimal digits, in any case and wrapping', () => {
    const expected = Buffer.alloc(32, 0xaa);
    assert.deepEqual(readKey(keyFile(`${HEX}\n`)), expected);
    assert.deepEqual(readKey(keyFile(` ${HEX.slice(0, 60)}\r\n${HEX.slice(60)}`)), expected);
  });

  test('base64 of 32 bytes and more, either alphabet', () => {
    for (const length of [32, 33, 64]) {
      const key = Buffer.alloc(length, 0xfb);
      assert.deepEqual(readKey(keyFile(`${key.toString('base64')}\n`)), key);
      assert.deepEqual(readKey(keyFile(key.toString('base64url'))), key);
    }
  });

  test('mode 0600, 0400 and 0640 are fine, and a symbolic link to such a file', () => {
    for (const mode of [0o600, 0o400, 0o640]) assert.equal(readKey(keyFile(HEX, mode)).length, 32);
    const link = join(folder, 'link');
    symlinkSync(keyFile(HEX), link);
    assert.equal(readKey(link).length, 32);
  });

  test('anything open to others, or writable by the group, is refused with the mode found', () => {
    for (const mode of [0o644, 0o604, 0o602, 0o601, 0o660, 0o620]) {
      const found = `found 0${mode.toString(8)}.*chmod 0600`;
      refuses(() => readKey(keyFile(HEX, mode)), 'permissions', new RegExp(found));
    }
  });

  test('a missing file names the command that writes one', () => {
    refuses(() => readKey(join(folder, 'none')), 'missing', /no key file.*understudy keygen/);
    refuses(() => readKey(join(keyFile(HEX), 'below')), 'missing', /no key file/);
  });

  test('what is not a regular file is refused, and a named pipe holds nobody up', () => {
    const nested = join(folder, 'folder');
    mkdirSync(nested, { mode: 0o700 });
    refuses(() => readKey(nested), 'not-a-file', /found a folder/);
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    refuses(() => readKey(pipe), 'not-a-file', /found a special file/);
  });

  test('too few bytes are refused, and lost digits are not taken for base64', () => {
    refuses(() => readKey(keyFile('')), 'short', /64 hexadecimal digits, found 0/);
    refuses(() => readKey(keyFile(HEX.slice(0, 63))), 'short', /found 63.*keygen --force/);
    const short = Buffer.alloc(31, 0xfb).toString('base64');
    refuses(() => readKey(keyFile(short)), 'short', /at least 32 bytes in base64, found 31/);
  });

  test('two keys, prose and long files are malformed, and no error shows any of the key', () => {
    refuses(() => readKey(keyFile(`${HEX}\n${HEX}\n`)), 'malformed', /found 128/);
    refuses(() => readKey(keyFile('correct horse, battery!')), 'malformed', /found neither/);
    refuses(() => readKey(keyFile('a'.repeat(5000))), 'malformed', /found 5000 bytes/);
    assert.throws(
      () => readKey(keyFile(`${HEX}!`)),
      (error) => error instanceof Error && !error.message.includes('Aa'),
    );
  });
});

describe('generateKey', () => {
  test('written by root, the key belongs to the owner of its folder: the agent reads it', (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can give a file away');
    const owned = mkdtempSync(join(folder, 'owned-'));
    chownSync(owned, 65534, 65533);
    generateKey(join(owned, 'key'));
    const { uid, gid, mode } = statSync(join(owned, 'key'));
    assert.deepEqual([uid, gid, mode & 0o777], [65534, 65533, 0o600]);
  });

  test('a file of mode 0600 that readKey accepts, whatever the umask, and nothing beside it', () => {
    const room = join(folder, 'fresh');
    mkdirSync(room);
    const path = join(room, 'ha.key');
    const umask = process.umask(0o277);
    try {
      generateKey(path);
    } finally {
      process.umask(umask);
    }
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(readFileSync(path, 'utf8'), /^[0-9a-f]{64}\n$/);
    assert.equal(readKey(path).length, 32);
    assert.deepEqual(readdirSync(room), ['ha.key']);
    generateKey(join(room, 'other.key'));
    assert.notDeepEqual(readKey(join(room, 'other.key')), readKey(path));
  });

  test('the key is forced to the disk before it has its name, and its folder afterwards', () => {
    for (const force of [false, true]) {
      const room = mkdtempSync(join(folder, 'synced-'));
      const path = join(room, 'ha.key');
      const steps: string[] = [];
      const sync = (descriptor: number): void => {
        const synced = readlinkSync(`/proc/self/fd/${descriptor}`);
        const bytes = synced === room ? '' : ` of ${statSync(synced).size} bytes`;
        const what = synced === room ? 'folder' : synced.slice(-4);
        steps.push(`${what}${bytes}, ${existsSync(path) ? 'there' : 'not there'}`);
      };
      generateKey(path, { force, sync });
      assert.deepEqual(steps, ['.tmp of 65 bytes, not there', 'folder, there']);
    }
  });

  test('an existing file stays unless forced; forced, it becomes private', () => {
    const room = join(folder, 'standing');
    mkdirSync(room);
    const path = join(room, 'ha.key');
    writeFileSync(path, HEX, { mode: 0o644 });
    refuses(() => generateKey(path), 'exists', /a key already.*--force/);
    assert.equal(readFileSync(path, 'utf8'), HEX);
    generateKey(path, { force: true });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.notDeepEqual(readKey(path), Buffer.from(HEX, 'hex'));
    assert.deepEqual(readdirSync(room), ['ha.key']);
  });

  test('a folder that does not exist is named', () => {
    const path = join(folder, 'nowhere', 'ha.key');
    refuses(() => generateKey(path), 'unwritable', /ENOENT.*create .*nowhere first/);
  });
});

describe('a key and the former one', () => {
  const OTHER = 'b'.repeat(64);

  test('stand in one file, whatever the white space and the form of either', () => {
    const base64 = Buffer.from(OTHER, 'hex').toString('base64');
    for (const text of [
      `${HEX}\nformer: ${OTHER}\n`,
      `${HEX} former:${OTHER}`,
      `${HEX}\r\n\r\nformer:\r\n${base64}\r\n`,
    ]) {
      const { key, former } = readKeyFile(keyFile(text));
      assert.deepEqual(key, Buffer.from(HEX, 'hex'));
      assert.deepEqual(former, Buffer.from(OTHER, 'hex'));
    }
    assert.equal(readKeyFile(keyFile(HEX)).former, null);
    assert.equal(readKeyFile(keyFile(`${HEX}\nformer: ${HEX}`)).former, null, 'no other');
  });

  test('half a key, none, or a third one is refused, and nothing of them is told', () => {
    refuses(() => readKeyFile(keyFile(`former: ${OTHER}`)), 'short', /found 0/);
    refuses(() => readKeyFile(keyFile(`${HEX}\nformer: ${OTHER.slice(1)}`)), 'short', /found 63/);
    refuses(() => readKeyFile(keyFile(`${HEX}\nformer:`)), 'short', /found 0/);
    refuses(
      () => readKeyFile(keyFile(`${HEX}\nformer: ${OTHER}\nformer: ${OTHER}`)),
      'malformed',
      /expected one former key, found 2; remove/,
    );
  });

  test('a rotation puts a new key in front, of the same owner and mode, and leaves nothing beside it', () => {
    const room = mkdtempSync(join(tmpdir(), 'understudy-rotate-'));
    const path = join(room, 'ha.key');
    writeFileSync(path, `${HEX}\n`, { mode: 0o640 });
    const { key, former } = rotateKey(path);
    assert.deepEqual(former, Buffer.from(HEX, 'hex'));
    assert.notDeepEqual(key, former);
    assert.deepEqual(readKeyFile(path), { key, former });
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(room), ['ha.key']);

    refuses(() => rotateKey(path), 'rotating', /under way already; "understudy key retire"/);
    assert.deepEqual(readKeyFile(path), { key, former }, 'it stays as it is');

    assert.deepEqual(retireKey(path), { key, former });
    assert.deepEqual(readKeyFile(path), { key, former: null });
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.deepEqual(retireKey(path), { key, former: null }, 'again: nothing to do');
    rmSync(room, { recursive: true });
  });

  test('a former key longer than 32 bytes stays what it is', () => {
    const long = Buffer.alloc(48, 0xf0);
    const path = keyFile(long.toString('base64'));
    rotateKey(path);
    assert.deepEqual(readKeyFile(path).former, long);
    const silly = keyFile(Buffer.alloc(3_030, 7).toString('base64'));
    refuses(() => rotateKey(silly), 'malformed', /3030 bytes, which cannot stand beside another/);
  });

  test('a file that others can read is neither rotated nor retired', () => {
    refuses(() => rotateKey(keyFile(HEX, 0o644)), 'permissions', /0644/);
    refuses(() => retireKey(keyFile(HEX, 0o644)), 'permissions', /0644/);
  });
});

describe('a key that is a credential of the unit', () => {
  const withCredentials = (t: TestContext, directory: string | undefined): void => {
    const former = process.env['CREDENTIALS_DIRECTORY'];
    const put = (value: string | undefined): void => {
      if (value === undefined) delete process.env['CREDENTIALS_DIRECTORY'];
      else process.env['CREDENTIALS_DIRECTORY'] = value;
    };
    put(directory);
    t.after(() => put(former));
  };

  test('is read where systemd has put it, with the mode that systemd gives it', async (t) => {
    const credentials = mkdtempSync(join(folder, 'credentials-'));
    writeFileSync(join(credentials, 'ha.key'), `${HEX}\nformer: ${'0f'.repeat(32)}\n`);
    chmodSync(join(credentials, 'ha.key'), 0o440);
    withCredentials(t, credentials);
    const expected = { key: Buffer.from(HEX, 'hex'), former: Buffer.alloc(32, 0x0f) };
    assert.deepEqual(readKeyFile('credential:ha.key'), expected);
    assert.deepEqual(await readKeyFileLater('credential:ha.key'), expected);
    writeFileSync(join(credentials, 'short'), HEX.slice(1), { mode: 0o400 });
    refuses(
      () => readKeyFile('credential:short'),
      'short',
      /^credential:short: .*found 63; put a new one \(openssl rand -hex 32\) where LoadCredential= finds it/,
    );
    refuses(
      () => readKeyFile('credential:other'),
      'missing',
      /^credential:other: the unit has no such credential; systemctl edit understudy, with LoadCredential=other:PATH/,
    );
  });

  test('is not seen by a process that is not of the unit', async (t) => {
    withCredentials(t, undefined);
    const unseen = /^credential:ha\.key: only the unit sees its credentials/;
    refuses(() => readKeyFile('credential:ha.key'), 'credential', unseen);
    await assert.rejects(readKeyFileLater('credential:ha.key'), { message: unseen });
  });

  test('is not written, whoever asks', (t) => {
    const credentials = mkdtempSync(join(folder, 'credentials-'));
    writeFileSync(join(credentials, 'ha.key'), `${HEX}\nformer: ${'0f'.repeat(32)}\n`);
    chmodSync(join(credentials, 'ha.key'), 0o600);
    withCredentials(t, credentials);
    const given = /found a credential, which systemd gives to the unit; write the file that/;
    refuses(() => generateKey('credential:new', { force: true }), 'credential', given);
    refuses(() => retireKey('credential:ha.key'), 'credential', given);
    writeFileSync(join(credentials, 'ha.key'), HEX);
    refuses(() => rotateKey('credential:ha.key'), 'credential', given);
    assert.deepEqual(readdirSync(credentials), ['ha.key']);
  });
});
