// What an operator does with a pair of balancers, and how each part of a balancer fails: the same behind
// every deployment that has nginx on both. The back ends are the deployments'.
import {
  agentDead,
  checked,
  dark,
  planned,
  silence,
  told,
  unnoticed,
  untilMended,
} from './bounds.js';
import type { Site } from './site.js';

/** What an operator does. `moved` looks at the site after each move of the role. */
export async function operations(
  site: Site,
  moved: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const [a, b] = [site.lab.appliance('a'), site.lab.appliance('b')];
  await site.observe(planned('failover by command', 'b'), () =>
    a.patientControl.command('failover'),
  );
  await moved();
  await site.observe(planned('failover back', 'a'), () => b.patientControl.command('failover'));
  await moved();
  await site.observe(planned('maintenance of the primary', 'b'), () =>
    a.patientControl.command('maintenance', 'on'),
  );
  await moved();
  await site.observe(planned('its end', 'a'), () => a.patientControl.command('maintenance', 'off'));
  await site.settled(['a']);
  await site.observe(planned('agent of the primary stopped', 'b'), () => a.stop());
  await moved();
  await site.observe(planned('and started', 'a'), async () => site.startAgent('a'));
  await site.settled(['a']);
  await site.observe(planned('nginx of the primary reloaded', 'a'), () => site.nginx.a.reload());
}

/** Each part of the primary breaks and comes back. `moved` looks at the site after each move of the role. */
export async function balancers(
  site: Site,
  moved: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { lab } = site;
  const a = lab.appliance('a');
  await site.observe(checked(300, 'nginx of the primary killed', 'b', 'nginx'), () =>
    site.nginx.a.kill(),
  );
  await moved();
  await site.observe(dark('nginx of the other killed, too', 'b'), async () => {
    await site.nginx.b.kill();
    await site.waitForReason('b', /^nginx: /);
  });
  await site.observe(untilMended('nginx of the primary started', 'a'), async () =>
    site.nginx.a.start(),
  );
  site.nginx.b.start();
  await site.settled(['a']);
  await site.observe(told('cable of the primary pulled', 'b', 'no-carrier'), () => lab.unplug('a'));
  await moved();
  await site.observe(planned('and plugged in', 'a'), () => lab.plug('a'));
  await site.settled(['a']);
  await site.observe(unnoticed('HA link cut', 'a'), () => lab.setHaLink(false));
  await site.observe(unnoticed('and whole again', 'a'), () => lab.setHaLink(true));
  await site.settled(['a']);
  await site.observe(agentDead('agent of the primary killed', 'b'), () => a.kill());
  await moved();
  await site.observe(planned('and started', 'a'), async () => site.startAgent('a'));
  await site.settled(['a']);
  let restore = (): Promise<void> => Promise.resolve();
  await site.observe(silence('host of the primary dead', 'b'), async () => {
    restore = await site.powerCut('a');
  });
  await moved();
  await site.observe(planned('and booted', 'a'), async () => {
    await restore();
    // The agent first: a balancer without nginx is not given the address.
    site.startAgent('a');
    site.nginx.a.start();
  });
  await site.settled(['a']);
}
