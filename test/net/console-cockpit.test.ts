// The page inside the real Cockpit: its web server, its bridge and its cockpit.js, as Debian has them, for one session
// without sign-in. What the page is beside that: console.test.ts.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { layOutPage } from '../../scripts/bundle/page.js';
import { ROOT } from '../../scripts/lab/program.js';
import { Bench } from '../console/bench.js';
import { eventOf, until, within } from '../support/limits.js';
import { enterNamespace } from '../support/namespace.js';
import { describe, it } from '../support/test.js';
import { browserRefusal, Screens } from './browser.js';

const SERVER = '/usr/lib/cockpit/cockpit-ws';
const missing =
  existsSync(SERVER) || process.env['CI'] === 'true' ? null : 'cockpit-ws is not installed';
const skip = browserRefusal() ?? missing ?? enterNamespace(import.meta.url);

const PORT = 9090;

const listens = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: PORT });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

describe('the page in Cockpit', { skip }, () => {
  it('shows the agent by the bridge: its events, what comes of an order, a refusal, and its end', async () => {
    // The page names the control socket of an installed agent.
    mkdirSync('/run/understudy');
    const bench = new Bench('/run/understudy/control.sock');
    await bench.startAgent({
      command: (name) =>
        Promise.resolve(
          name === 'failover'
            ? { ok: false, code: 'refused', message: 'nobody is fit', remedy: 'mend it' }
            : { ok: true, detail: 'flaps are cleared' },
        ),
    });
    const home = mkdtempSync('/run/cockpit-');
    layOutPage(ROOT, home);
    mkdirSync(join(home, 'share/cockpit'), { recursive: true });
    cpSync(join(home, 'cockpit'), join(home, 'share/cockpit/understudy'), { recursive: true });
    const server = spawn(
      SERVER,
      ['--no-tls', '--address=127.0.0.1', `--port=${PORT}`, '--local-session=cockpit-bridge'],
      {
        stdio: ['ignore', 'inherit', 'pipe'],
        env: {
          ...process.env,
          HOME: home,
          XDG_DATA_HOME: join(home, 'share'),
          XDG_RUNTIME_DIR: home,
        },
      },
    );
    let said = '';
    server.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const screens = await Screens.open();
    try {
      await until(
        'that Cockpit listens',
        async () => (await listens()) || (server.exitCode !== null && said),
        Boolean,
        50,
      );
      const { page, complaints } = await screens.window(
        `http://127.0.0.1:${PORT}/cockpit/@localhost/understudy/index.html`,
      );
      await page.locator('header h1').waitFor();
      bench.events.record({
        time: new Date().toISOString(),
        event: 'flap',
        reason: 'flap',
        detail: 'the role was lost',
      });
      await page.locator('.events').getByText('the role was lost').waitFor();
      await page.getByRole('button', { name: 'Clear flaps…' }).click();
      await page.getByRole('button', { name: 'Clear flaps', exact: true }).click();
      await page.getByText('✓ Done: flaps are cleared').waitFor();
      await page.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: 'Failover…' }).click();
      await page.getByRole('button', { name: 'Failover', exact: true }).click();
      await page.getByText('✕ Not done: nobody is fit; mend it').waitFor();
      await bench.stopAgent();
      await page.getByRole('alert').getByText('The agent is gone').waitFor();
      assert.deepEqual(complaints, []);
    } finally {
      await screens.close();
      const ended = eventOf(server, 'exit');
      server.kill('SIGTERM');
      await within('the end of Cockpit', ended, () => said);
      await bench.close();
    }
  });
});
