// What is known of a pair when a test fails: who holds what, and what each appliance last said. No test cases.
import type { Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import type { Status } from '../../src/model/status.js';

/** In one line. `probed`: the addresses. `statuses`: by appliance; one that does not run has none. */
export function pictureOf(
  lab: Lab,
  probed: readonly string[],
  statuses: ReadonlyMap<ApplianceName, Status>,
): string {
  const held = probed.map(
    (address) => `${address} held by ${lab.holding(address).join(' ') || 'nobody'}`,
  );
  const sides = (['a', 'b'] as const).map((name) => {
    const status = statuses.get(name);
    const routers = status?.virtualRouters.map(
      (router) => `${router.name} ${router.state} (${router.reason}) ${router.effectivePriority}`,
    );
    const peer = status?.peers[0];
    const paths = peer?.paths.map(({ address, state }) => `${address} ${state}`).join(' ');
    return (
      `${name}: ${routers?.join(', ')}; peer ${peer?.state} [${paths}]; ` +
      `monitors ${JSON.stringify(status?.monitors)}; health ${status?.health.state} ${JSON.stringify(status?.health.reasons)}; ` +
      `bypass ${JSON.stringify(status?.bypass)} flaps ${JSON.stringify(status?.flaps)}`
    );
  });
  return [...held, ...sides].join(' | ');
}
