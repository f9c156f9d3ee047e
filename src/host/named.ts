// Every file, program and interface that settings name, each once, with the setting that names it. No looking.
import type { Settings } from '../config/settings.js';
import type { NamedFile } from './facts.js';

/** `name` is an interface of `setting`; `effect` says what becomes of it without one. */
interface NamedInterface {
  readonly setting: string;
  readonly name: string;
  readonly effect: string;
}

/** The control socket of settings. */
export const controlSocketOf = ({ runtimeDirectory }: Settings): string =>
  `${runtimeDirectory}/control.sock`;

const UNASKED = 'the witness could not be asked';

export function namedFiles(settings: Settings): NamedFile[] {
  const { vip, bypass, hooks, monitors, ha, metrics, witness, signing } = settings;
  const one = (
    setting: string,
    file: string | null | undefined,
    use: NamedFile['use'],
    effect: string,
  ): NamedFile[] => (file === null || file === undefined ? [] : [{ setting, file, use, effect }]);
  return [
    ...one('ha.keyFile', ha.keyFile, 'key', 'the HA port stays closed'),
    ...one('signing.keyFile', signing.keyFile, 'signing-keys', 'nothing could be signed'),
    ...one('bypass.hook', bypass?.hook, 'program', 'the relay could not be moved'),
    ...one('hooks.transition', hooks.transition, 'program', 'it could not be told anything'),
    ...one('hooks.monitor', hooks.monitor, 'program', 'it could not be told anything'),
    ...one('hooks.beforeActive', hooks.beforeActive, 'program', 'nothing could be done by it'),
    ...monitors.checks.flatMap(({ kind }, index) =>
      kind.type === 'script'
        ? one(`checks[${index}].command[0]`, kind.command[0], 'program', 'the check would fail')
        : [],
    ),
    ...one('vip.script', vip.script, 'program', 'addresses could not be put on or taken off'),
    ...one('witness.caFile', witness?.caFile, 'certificate', UNASKED),
    ...one('witness.certificateFile', witness?.certificateFile, 'certificate', UNASKED),
    ...one('witness.privateKeyFile', witness?.privateKeyFile, 'secret', UNASKED),
    ...one('witness.passwordFile', witness?.passwordFile, 'secret', UNASKED),
    ...one('metrics.textfile', metrics.textfile, 'textfile', 'metrics are not written'),
    ...one('runtimeDirectory', settings.runtimeDirectory, 'folder', 'the agent could not start'),
    ...one('stateDirectory', settings.stateDirectory, 'folder', 'nothing could be recorded'),
  ];
}

export function namedInterfaces({ virtualRouters, monitors }: Settings): NamedInterface[] {
  const { links, bandwidth, gateway } = monitors;
  return [
    ...virtualRouters.map(({ interface: name }, index) => ({
      setting: `virtualRouters[${index}].interface`,
      name,
      effect: 'the agent will wait for it',
    })),
    ...(links?.pairs ?? []).flatMap((pair, index) =>
      pair.map((name, end) => ({
        setting: `linkMonitoring.pairs[${index}][${end}]`,
        name,
        effect: 'its pair is not active',
      })),
    ),
    ...(bandwidth?.interfaces ?? []).map((name, index) => ({
      setting: `bandwidthMonitoring.interfaces[${index}]`,
      name,
      effect: 'that is a soft fault',
    })),
    ...(gateway?.interface === undefined
      ? []
      : [
          {
            setting: 'gatewayMonitoring.interface',
            name: gateway.interface,
            effect: 'no gateway can be asked',
          },
        ]),
  ];
}
