// What is said before an import and after it: that the versions differ, and in which order a live pair is moved over.
import type { Instance, Parts } from './parts.js';
import { familyOf } from '../model/address.js';

/** The instances that speak VRRPv2 as the file stands. */
const speakingVersion2 = ({ instances, version }: Parts): Instance[] =>
  instances.filter(
    (one) =>
      (one.version ?? version) === 2 &&
      !one.addresses.some(({ value, excluded }) => !excluded && familyOf(value.address) === 'ipv6'),
  );

/** Said before anything else: a pair that is half moved over must not be two Actives. */
export function versionWarning(parts: Parts): string[] {
  const old = speakingVersion2(parts);
  if (old.length === 0) {
    return [
      'This file has keepalived speak VRRPv3, as understudy does: the two understand each other.',
    ];
  }
  const names = old.slice(0, 5).map(({ name }) => name);
  const more = old.length > names.length ? ` and ${old.length - names.length} more` : '';
  return [
    `keepalived speaks VRRPv2 unless it is told otherwise, and this file has it do so: ${names.join(', ')}${more}.`,
    'understudy speaks VRRPv3 only. Neither hears the other: a pair of which one side is moved over is TWO ACTIVES,',
    'with the same addresses on both. Keep to the order below.',
  ];
}

/** The order in which nothing is Active twice. */
export function safeOrder(parts: Parts, file: string): string[] {
  const old = speakingVersion2(parts).length > 0;
  const steps = [
    'On both: install understudy, put the settings in place, and have understudy check say ok. Start nothing.',
    'On the Backup: systemctl disable --now keepalived. It holds nothing, so nothing moves.',
    ...(old
      ? [
          `On the Active: write vrrp_version 3 into global_defs of ${file}, take version 2 and authentication out, and systemctl reload keepalived. It stays Active.`,
        ]
      : []),
    'On the former Backup: systemctl enable --now understudy. understudy status must say Backup, and name the Active. If it says Active: systemctl stop understudy, and look again at the step before.',
    `On the Active: write priority 1 into every vrrp_instance of ${file}, and systemctl reload keepalived. The other one takes over, with the addresses in place before this one lets go of them. (With preempt: false it does not: the next step moves the role then, and the addresses answer nobody for the skew time.)`,
    'There too, when understudy status on the other one says Active: systemctl disable --now keepalived.',
    'And systemctl enable --now understudy. understudy status on both: one Active, one Backup.',
  ];
  return [
    'The order of the move, with one Active at all times:',
    ...steps.map((step, index) => `${index + 1}. ${step}`),
    'The way back is the same with the names exchanged. See docs/IMPORT.md.',
  ];
}
