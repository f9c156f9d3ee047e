// What must hold for what is monitored: interfaces, link pairs, gateways. Checks: check-checks.ts. No form: see
// form.ts.
import { isLinkLocal, parseAddress } from '../model/address.js';
import { hostComplaint, type Complaint } from './address-checks.js';
import { checkChecks } from './check-checks.js';
import type { Finding } from './errors.js';
import { fault } from './faults.js';
import { hostsAt, textsAt, type PlacedHost, type Settled } from './placed.js';
import { checkInterface, checkOnce, repeated, standsAlready } from './plain-checks.js';

/** Every fault of meaning in what is monitored. */
export const checkMonitors = (settings: Settled): Finding[] => [
  ...checkBandwidth(settings.bandwidthMonitoring ?? {}),
  ...checkLinks(settings.linkMonitoring ?? {}),
  ...checkGateways(settings.gatewayMonitoring ?? {}),
  ...checkChecks(settings.checks ?? []),
];

type Section<Name extends keyof Settled> = NonNullable<Settled[Name]>;

function checkBandwidth({ enabled, interfaces = [] }: Section<'bandwidthMonitoring'>): Finding[] {
  const at = ['bandwidthMonitoring', 'interfaces'];
  if (enabled === true && interfaces.length === 0) {
    return [fault('noInterfaces', at, 'bandwidth monitoring enabled, and no interface')];
  }
  return checkInterfaces(interfaces, at);
}

function checkInterfaces(...list: Parameters<typeof textsAt>): Finding[] {
  const texts = textsAt(...list);
  return [
    ...texts.flatMap(({ at, text }) => checkInterface(text, at)),
    ...checkOnce(texts, 'interfaceTwice'),
  ];
}

function checkLinks({ pairs = [], minimumActive = 0 }: Section<'linkMonitoring'>): Finding[] {
  const at = ['linkMonitoring', 'pairs'];
  const findings = pairs.flatMap((pair, index) => checkInterfaces(pair, [...at, index]));
  if (pairs.length === 0 || minimumActive <= pairs.length) return findings;
  const found = `the number ${minimumActive}: the role could never be held`;
  const words = { pairs: pairs.length };
  return [...findings, fault('minimumActive', ['linkMonitoring', 'minimumActive'], found, words)];
}

function checkGateways(section: Section<'gatewayMonitoring'>): Finding[] {
  const at = ['gatewayMonitoring'];
  const addresses = hostsAt(section.addresses, [...at, 'addresses']);
  const name = section.interface;
  const finding = (gateway: PlacedHost, [found, remedy]: Complaint): Finding =>
    fault('gateway', gateway.at, found, { remedy });
  return [
    ...addresses.flatMap((gateway) => {
      const complaint = gatewayComplaint(gateway, name !== undefined);
      return complaint === null ? [] : [finding(gateway, complaint)];
    }),
    ...repeated(addresses, ({ value }) => value).map(([second, first]) =>
      finding(second, [standsAlready(second.text, first.at), 'remove one of the two']),
    ),
    ...checkInterface(name, [...at, 'interface']),
  ];
}

function gatewayComplaint(gateway: PlacedHost, hasInterface: boolean): Complaint | null {
  const { text, value } = gateway;
  const alone = hostComplaint(gateway, 'the address of the gateway');
  if (value === null && alone !== null && text.includes('%')) {
    const isAddress = parseAddress(text.split(/[/%]/)[0] ?? '') !== null;
    return [alone[0], `${alone[1]}${isAddress ? ', and gatewayMonitoring.interface' : ''}`];
  }
  if (alone !== null || value === null || !isLinkLocal(value) || hasInterface) return alone;
  const found = `${text}, which is link-local, and no interface`;
  return [found, 'add gatewayMonitoring.interface: eth0'];
}
