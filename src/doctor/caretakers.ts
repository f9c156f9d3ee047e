// Who looks after an interface besides us: what systemd-networkd and NetworkManager say of it in /run, and whether
// their files have them leave addresses alone. No judgement.
import type { Eyes } from './eyes.js';
import type { Caretaker } from './facts.js';

export function caretakersOf(
  names: readonly string[],
  indexOf: (name: string) => number | null,
  eyes: Eyes,
): Caretaker[] {
  return names.flatMap((name) => {
    const index = indexOf(name);
    if (index === null) return [];
    return [...networkdOf(name, index, eyes), ...networkManagerOf(name, index, eyes)];
  });
}

function networkdOf(name: string, index: number, eyes: Eyes): Caretaker[] {
  const state = eyes.text(`/run/systemd/netif/links/${index}`) ?? '';
  const file = /^NETWORK_FILE=(.+)$/m.exec(state)?.[1];
  if (file === undefined || /^ADMIN_STATE=unmanaged$/m.test(state)) return [];
  const fileName = file.slice(file.lastIndexOf('/') + 1);
  const folders = ['/usr/lib', '/run', '/etc'].map(
    (root) => `${root}/systemd/network/${fileName}.d`,
  );
  const texts = [
    file,
    ...folders.flatMap((folder) =>
      [...eyes.names(folder)]
        .toSorted()
        .flatMap((one) => (one.endsWith('.conf') ? `${folder}/${one}` : [])),
    ),
  ].map((path) => eyes.text(path) ?? '');
  const values = texts.flatMap((text) =>
    [...text.matchAll(/^\s*KeepConfiguration\s*=\s*(\S*)\s*$/gm)].map((match) => match[1] ?? ''),
  );
  return [{ interface: name, by: 'networkd', file, keeps: values.at(-1) ?? null }];
}

/** nmcli says the same by D-Bus; the file is there without a bus. */
function networkManagerOf(name: string, index: number, eyes: Eyes): Caretaker[] {
  const file = `/run/NetworkManager/devices/${index}`;
  const state = eyes.text(file) ?? '';
  if (!/^managed=(?:true|full|1)$/m.test(state)) return [];
  const folders = ['/usr/lib', '/run', '/etc'].map((root) => `${root}/NetworkManager/conf.d`);
  const texts = [
    '/etc/NetworkManager/NetworkManager.conf',
    ...folders.flatMap((folder) => eyes.names(folder).map((one) => `${folder}/${one}`)),
  ].map((path) => eyes.text(path) ?? '');
  const keeps = texts.flatMap((text) =>
    text
      .split(/^(?=\[)/m)
      .filter((section) => section.startsWith('[device') && isFor(section, name))
      .flatMap((section) => /^keep-configuration\s*=\s*(\S+)/m.exec(section)?.[1] ?? []),
  );
  const keep = keeps.find((one) => /^(?:yes|true|1)$/.test(one)) ?? null;
  return [{ interface: name, by: 'NetworkManager', file, keeps: keep }];
}

/** A section without match-device is for all. */
function isFor(section: string, name: string): boolean {
  const match = /^match-device\s*=\s*(.+)$/m.exec(section)?.[1];
  if (match === undefined) return true;
  return match.split(/[,;\s]+/).some((one) => {
    const wanted = /^interface-name:=?(.*)$/.exec(one)?.[1];
    return (
      one === '*' ||
      wanted === name ||
      (wanted?.endsWith('*') === true && name.startsWith(wanted.slice(0, -1)))
    );
  });
}
