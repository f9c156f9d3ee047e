// `understudy plan`: the very netlink scripts that takeover and release would run. Nothing is run.
import { loadSettings } from '../../config/load.js';
import type { Settings, VirtualRouterSettings } from '../../config/settings.js';
import { releaseOf, takeoverOf } from '../../model/netlink-script.js';
import { answer, failSettings } from '../failures.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** Prints the scripts; headings are comments, so that all of it is a valid script. */
export function printPlan(surroundings: Surroundings, config: ConfigChoice): number {
  const result = loadSettings(config.path);
  if (!result.ok) return failSettings(surroundings, result.errors, config.path);
  const { settings } = result;
  if (surroundings.json === true) {
    return answer(surroundings, { ok: true, ...planAsValue(settings) }, EXIT.done);
  }
  if (settings.ha.mode === 'off') {
    surroundings.stdout.write('# ha.mode is off: no takeover would run\n');
  }
  const blocks = settings.virtualRouters.map((router) => planOf(router, settings));
  surroundings.stdout.write(blocks.join('\n'));
  return EXIT.done;
}

/** Each script is a list of lines; `script` is the program that runs them. */
const planAsValue = ({ ha, vip, virtualRouters }: Settings): object => ({
  mode: ha.mode,
  script: vip.script,
  virtualRouters: virtualRouters.map((router) => ({
    name: router.name,
    interface: router.interface,
    vrid: router.vrid,
    takeover: takeoverOf(router, vip.leaseSeconds),
    release: releaseOf(router),
  })),
});

function planOf(router: VirtualRouterSettings, { vip }: Settings): string {
  const what = `${router.name} (VRID ${router.vrid} on ${router.interface})`;
  return [
    `# ${what}: takeover, run by ${vip.script}`,
    ...takeoverOf(router, vip.leaseSeconds),
    `# ${what}: release, run by ${vip.script}`,
    ...releaseOf(router),
    '',
  ].join('\n');
}
