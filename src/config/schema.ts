// The form of the settings file as a JSON schema: the one source of names, ranges, units, defaults
// and descriptions. No meaning across settings: see validate.ts. No loading: see load.ts.
import { BYPASS, DEFAULT_PRIORITY, HA, HOOKS } from './schema-ha.js';
import { MONITORS } from './schema-monitors.js';
import { REALTIME } from './schema-realtime.js';
import type { SettingSchema } from './setting-schema.js';

export { DEFAULT_PRIORITY };
export type { SettingSchema, SettingUnit } from './setting-schema.js';

/** Shortest and longest Advertisement_Interval, whole centiseconds (RFC 9568 §5.2.7, 1..4095 cs). */
export const ADVERTISEMENT_INTERVAL_MS = { minimum: 10, maximum: 40_950, step: 10 } as const;

/** IPvX Addr Count is one byte (RFC 9568 §5.2.5). */
export const MAXIMUM_ADDRESSES = 255;

/** (1500 − 40 bytes of IPv6 header − 8 bytes of VRRP header) / 16, rounded down. */
export const MAXIMUM_IPV6_ADDRESSES = 90;

export const DEFAULT_RUNTIME_DIRECTORY = '/run/understudy';
export const DEFAULT_STATE_DIRECTORY = '/var/lib/understudy';
export const INSTALLED_VIP_SCRIPT = '/usr/lib/understudy/vip';

const VIRTUAL_ROUTER: SettingSchema = {
  type: 'object',
  description: 'One virtual router (RFC 9568): a VRID on an interface, of one address family.',
  additionalProperties: false,
  required: ['name', 'interface', 'vrid', 'addresses'],
  properties: {
    name: {
      type: 'string',
      description:
        'Name of the virtual router in status, log and events; letters, digits, ".", "_" and "-".',
      minLength: 1,
      maxLength: 64,
    },
    interface: {
      type: 'string',
      description:
        'Interface that carries the addresses and the advertisements. It may appear later.',
      minLength: 1,
      maxLength: 15,
      names: 'interface',
    },
    vrid: {
      type: 'integer',
      description:
        'Virtual Router Identifier; the same on all routers of the group, unique per interface and family.',
      minimum: 1,
      maximum: 255,
    },
    addresses: {
      type: 'array',
      description:
        'Virtual addresses with prefix length, all of one family. IPv6: the first is link-local (fe80::/10).',
      minItems: 1,
      maxItems: MAXIMUM_ADDRESSES,
      items: { type: 'string', description: 'Address with prefix length, such as 10.99.0.100/24.' },
    },
    advertisementIntervalMs: {
      type: 'integer',
      description: 'Advertisement_Interval: time between two advertisements, whole centiseconds.',
      unit: 'milliseconds',
      minimum: ADVERTISEMENT_INTERVAL_MS.minimum,
      maximum: ADVERTISEMENT_INTERVAL_MS.maximum,
      multipleOf: ADVERTISEMENT_INTERVAL_MS.step,
      default: 1000,
    },
    primary: {
      type: 'string',
      description:
        'active-active only, and required there: the name of the instance that is to hold this virtual router; the same on all of them.',
      minLength: 1,
      maxLength: 64,
    },
    priority: {
      type: 'integer',
      description: `Base priority. Default: ${DEFAULT_PRIORITY.primary} on the primary, else ${DEFAULT_PRIORITY.other}. 255 is for the owner of the addresses only.`,
      minimum: 1,
      maximum: 255,
    },
    preempt: {
      type: 'boolean',
      description:
        'Preempt_Mode: take the role from an Active of lower priority. Default: ha.preempt.',
    },
    checksum: {
      type: 'string',
      description:
        'IPv4 checksum dialect that is sent. auto: rfc9568 until an Active that sends the other dialect is heard, then that one. Both are always accepted.',
      enum: ['auto', 'rfc9568', 'rfc5798'],
      default: 'auto',
    },
    unicastPeers: {
      type: 'array',
      description:
        'When not empty, advertisements go to these addresses instead of the multicast group.',
      maxItems: 7,
      default: [],
      items: { type: 'string', description: 'Address without prefix length, such as 10.99.0.2.' },
    },
    acceptMode: {
      type: 'boolean',
      description:
        'Accept_Mode. The address stands on the interface, so services listen on it; a deviation from the default of RFC 9568.',
      default: true,
    },
    virtualMac: {
      type: 'boolean',
      description:
        'Whether the virtual MAC address is used. The interface keeps its own; a deviation from RFC 9568 §7.3.',
      default: false,
    },
  },
};

export const SETTINGS_SCHEMA: SettingSchema = {
  type: 'object',
  description: 'The settings of one appliance.',
  additionalProperties: false,
  required: ['virtualRouters'],
  properties: {
    name: {
      type: 'string',
      description:
        'Name of this appliance; letters, digits, ".", "_" and "-". Default: the host name.',
      minLength: 1,
      maxLength: 64,
    },
    ha: HA,
    virtualRouters: {
      type: 'array',
      description: 'The virtual routers of this appliance.',
      minItems: 1,
      maxItems: 1024,
      items: VIRTUAL_ROUTER,
    },
    ...MONITORS,
    bypass: BYPASS,
    hooks: HOOKS,
    vip: {
      type: 'object',
      description: 'How addresses are put on and taken off.',
      additionalProperties: false,
      default: {},
      properties: {
        script: {
          type: 'string',
          description: `Netlink script runner: reads ip -batch lines on stdin. Absolute path. Default: ${INSTALLED_VIP_SCRIPT} when it exists, else the one of this package.`,
          minLength: 1,
          maxLength: 4095,
          names: 'program',
        },
        leaseSeconds: {
          type: 'integer',
          description:
            'How long the kernel keeps an address that nobody renews: what becomes of it when agent and executor die together. 2 at least; 0: for ever.',
          unit: 'seconds',
          minimum: 0,
          maximum: 3600,
          default: 3,
        },
      },
    },
    realtime: REALTIME,
    runtimeDirectory: {
      type: 'string',
      description: 'Holds control.sock and status.json. Absolute path.',
      minLength: 1,
      maxLength: 4095,
      names: 'folder',
      default: DEFAULT_RUNTIME_DIRECTORY,
    },
    stateDirectory: {
      type: 'string',
      description: 'Holds state.json and events.jsonl. Absolute path.',
      minLength: 1,
      maxLength: 4095,
      names: 'folder',
      default: DEFAULT_STATE_DIRECTORY,
    },
  },
};

/** The schema of the setting at `path` (list positions are any number), if there is one. */
export function schemaAt(path: readonly (string | number)[]): SettingSchema | undefined {
  let schema: SettingSchema | undefined = SETTINGS_SCHEMA;
  for (const part of path) {
    schema = typeof part === 'number' ? schema?.items : ownProperty(schema, part);
  }
  return schema;
}

function ownProperty(schema: SettingSchema | undefined, key: string): SettingSchema | undefined {
  if (schema?.properties !== undefined && Object.hasOwn(schema.properties, key)) {
    return schema.properties[key];
  }
  return schema?.additionalProperties === false ? undefined : schema?.additionalProperties;
}
