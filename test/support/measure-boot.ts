// Prints how many milliseconds an agent takes here from its start to its first answer: the measure of
// this machine by which `scripts/test` scales the limits of tests. No tests in here.
import { existsSync } from 'node:fs';
import { controlSocketPath } from '../../src/control/protocol.js';
import { AgentHome, AgentProcess } from './agent-process.js';
import { until } from './limits.js';
import { enterNamespace } from './namespace.js';

if (enterNamespace(import.meta.url) === false) {
  const home = new AgentHome('boot', {
    name: 'boot',
    virtualRouters: [{ name: 'lan', interface: 'lan', vrid: 51, addresses: ['192.0.2.100/24'] }],
  });
  const socket = controlSocketPath(home.runtimeDirectory);
  const startedAt = performance.now();
  const agent = new AgentProcess(home);
  await until('the control socket', () => existsSync(socket), Boolean, 1);
  await agent.status();
  process.stdout.write(`${Math.round(performance.now() - startedAt)}\n`);
  await agent.end('SIGTERM');
}
