// What check says of vip-ocf's file and of the resource agents that it names: agents that a test makes up, and the same
// rules as scripts/vip-ocf has.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '../../src/config/load.js';
import { resourceAgentFindings } from '../../src/host/resource-agents.js';
import { parseResources } from '../../src/host/resource-file.js';
import { afterEach, beforeEach, describe, it } from '../support/test.js';

const META = `#!/bin/sh
[ "$1" = meta-data ] || exit 3
cat <<END
<?xml version="1.0"?>
<resource-agent name="agent"><parameters>
<parameter name="ip" unique="1" required="1"><content type="string"/></parameter>
<parameter name="nic">
<content type="string"/></parameter>
</parameters></resource-agent>
END
`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-agents-'));
  file = join(folder, 'file');
  mkdirSync(join(folder, 'resource.d/made-up'), { recursive: true });
  agent('agent', META);
});
afterEach(() => rmSync(folder, { recursive: true }));

function agent(name: string, text: string, mode = 0o755): void {
  const path = join(folder, 'resource.d/made-up', name);
  writeFileSync(path, text);
  chmodSync(path, mode);
}

const uid = process.getuid?.() ?? 0;
const SELF = { uid, gids: new Set([process.getgid?.() ?? 0]) };
const ROUTER = 'name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24]';

/** Each as `level path: message`, with `FILE` and `FOLDER` for where they are. */
async function found(
  text: string | null,
  {
    top = 'vip: { script: /usr/lib/understudy/vip-ocf, timeoutSeconds: 90 }',
    router = ROUTER,
    mode = 0o640,
    as = SELF,
  } = {},
): Promise<string[]> {
  if (text !== null) {
    writeFileSync(file, text);
    chmodSync(file, mode);
  }
  const result = parseSettings(`${top}\nvirtualRouters: [{ ${router} }]\n`, 'test');
  assert.ok(result.ok, JSON.stringify(result));
  const findings = await resourceAgentFindings(result.settings, as, {
    environment: { ...process.env, OCF_ROOT: folder, UNDERSTUDY_VIP_OCF: file },
    mistrust: () => Promise.resolve(null),
  });
  return findings.map(({ level, path, message }) =>
    `${level} ${path}: ${message}`.replaceAll(file, 'FILE').replaceAll(folder, 'FOLDER'),
  );
}

const GOOD = '[10.99.0.100]\nresource-agent = ocf:made-up:agent\nip = 10.99.0.100\nnic = eth0\n';

describe('the file of vip-ocf', () => {
  it('is looked at where vip-ocf is the script, and nothing is said of one that fits', async () => {
    assert.deepEqual(await found(GOOD), []);
    assert.deepEqual(await found('garbage', { top: 'vip: { script: /opt/vip }' }), []);
  });

  it('has to be there, to be read by the agent, and to be changed by nobody else', async () => {
    assert.match(
      (await found(null)).join(),
      /^wrong vip\.script: FILE: expected the resource agents of vip-ocf, found no file/,
    );
    assert.match(
      (await found(GOOD, { mode: 0o660 })).join(),
      /FILE: expected a file that nobody else may write, found mode 0660: "chmod go-w FILE"/,
    );
    const stranger = { uid: uid + 1, gids: new Set([65_533]) };
    const told = (await found(GOOD, { as: stranger })).join();
    // Root's own may be read or not; whoever else's may be changed by that one.
    assert.match(
      told,
      uid === 0 ? /FILE: expected a file that the agent may read/ : /expected a file of root's/,
    );
  });

  it('is read by the rules of the script', () => {
    const text = `${GOOD}start-timeout=5\n\n# x\n[ fe80::64 ]\non-interface = resource-agent\nresource-agent = /a/b/c\nx = a = b \n`;
    const { resources, problems } = parseResources(text, 'f');
    assert.deepEqual(problems, []);
    assert.deepEqual(
      resources.map(({ address, agent: name, startTimeout, parameters }) => [
        address,
        name,
        startTimeout,
        [...parameters],
      ]),
      [
        [
          '10.99.0.100',
          'ocf:made-up:agent',
          5,
          [
            ['ip', '10.99.0.100'],
            ['nic', 'eth0'],
          ],
        ],
        ['fe80::64', '/a/b/c', 20, [['x', 'a = b']]],
      ],
    );
    assert.deepEqual(
      parseResources('x = 1\n[a]\nb\nstop-timeout = 0\non-interface = no\na-b = 1', 'f').problems,
      [
        'f:1: expected [ADDRESS] first, found: x = 1',
        'f:3: expected NAME = VALUE or [ADDRESS], found: b',
        'f:4: expected whole seconds, found: 0',
        'f:5: expected on-interface = understudy or resource-agent, found: no',
        'f:6: expected the name of a parameter, found: a-b',
      ],
    );
  });

  it('names virtual addresses, and none that stands on a virtual MAC address', async () => {
    assert.deepEqual(await found(GOOD.replace('[10.99.0.100]', '[10.99.0.101]')), [
      'wrong vip.script: FILE: [10.99.0.101] is no virtual address: correct it, or add it to a virtual router',
    ]);
    assert.deepEqual(await found('# nothing\n'), [
      'wrong vip.script: FILE: expected [ADDRESS], found none: name a virtual address',
    ]);
    assert.match(
      (await found(GOOD, { router: `${ROUTER}, virtualMac: true` })).join(),
      /no cloud moves: set virtualMac: false$/,
    );
  });

  it('may not ask for more time than the script has', async () => {
    const top = 'vip: { script: /usr/lib/understudy/vip-ocf }';
    assert.deepEqual(await found(GOOD, { top }), [
      'advice vip.timeoutSeconds: the resource agents of 10.99.0.100 may take 40 s, and all is ended after 5 s: set more, or shorter timeouts',
    ]);
  });
});

describe('a resource agent of it', () => {
  const named = (name: string): Promise<string[]> => found(GOOD.replace('ocf:made-up:agent', name));

  it('has to be there, and to be a program', async () => {
    assert.deepEqual(await named('ocf:made-up:other'), [
      'wrong vip.script: FILE:1: expected a resource agent at FOLDER/resource.d/made-up/other, found none: install resource-agents, or correct the name',
    ]);
    agent('text', META, 0o644);
    assert.match((await named('ocf:made-up:text')).join(), /expected a resource agent at/);
    assert.match(
      (await named('agent')).join(),
      /expected resource-agent = ocf:PROVIDER:TYPE, found agent$/,
    );
  });

  it('has to know each parameter, and to get those that it needs', async () => {
    assert.deepEqual(await found(GOOD.replace('ip = ', 'pi = ')), [
      'wrong vip.script: FILE:1: ocf:made-up:agent has no parameter pi: it knows ip, nic',
      'wrong vip.script: FILE:1: ocf:made-up:agent needs the parameter ip: add it',
    ]);
  });

  it('that does not tell what it is, is told', async () => {
    agent('mute', '#!/bin/sh\nexit 5\n');
    assert.match(
      (await named('ocf:made-up:mute')).join(),
      /expected FOLDER\/resource\.d\/made-up\/mute to tell its parameters, it does not: run "OCF_ROOT=/,
    );
    agent('odd', '#!/bin/sh\necho hello\n');
    assert.match((await named('ocf:made-up:odd')).join(), /it does not/);
  });
});
