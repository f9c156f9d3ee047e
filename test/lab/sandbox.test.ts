// The promise of the sandbox: it ends with the process that made it, even after SIGKILL. No lab.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import process from 'node:process';
import { it } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { sandboxRefusal } from '../../scripts/lab/sandbox.js';
import { eventOf, linesOf } from '../support/limits.js';

const skip = sandboxRefusal() ?? false;

/** A program in the sandbox that says where it is and then stays until killed. */
const PROGRAM = `
import { readlinkSync } from 'node:fs';
import { enterSandbox } from ${JSON.stringify(new URL('../../scripts/lab/sandbox.js', import.meta.url).href)};
const refusal = await enterSandbox();
if (refusal !== null) throw new Error(refusal);
process.stdout.write(readlinkSync('/proc/self/ns/net') + '\\n');
setInterval(() => {}, 1000);
`;

it('nothing of the sandbox survives the SIGKILL of who made it', { skip }, async () => {
  const argv = ['--input-type=module', '--eval', PROGRAM];
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });
  const namespace = await linesOf(child.stdout, 'the sandbox')('its network namespace');
  assert.notEqual(namespace, readlinkSync('/proc/self/ns/net'));
  // The pipe ends when its last writer has: the program inside holds it as long as it lives.
  const over = eventOf(child.stdout, 'close', 'nobody in the sandbox to live');
  child.kill('SIGKILL');
  await over;
});
