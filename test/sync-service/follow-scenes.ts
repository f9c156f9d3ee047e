// Two or three appliances that follow each other, joined in memory, and what all of them must have. No test cases.
import assert from 'node:assert/strict';
import type { SettingsError } from '../../src/config/errors.js';
import { startGroup, type Box, type BoxOptions, type Group } from './rig.js';

type Names = readonly string[];

export const follow = async (
  options: BoxOptions | ((name: string) => BoxOptions) = { mode: 'follow' },
  names: Names = ['a', 'b'],
): Promise<{ group: Group; a: Box; b: Box }> => {
  const group = await startGroup(options, names);
  const [a, b] = [group.box('a'), group.box('b')];
  a.active = true;
  return { group, a, b };
};

export const three = async (): Promise<{ group: Group; a: Box; b: Box; c: Box; all: Box[] }> => {
  const made = await follow({ mode: 'follow' }, ['a', 'b', 'c']);
  const c = made.group.box('c');
  return { ...made, c, all: [made.a, made.b, c] };
};

/** All have this VRID in force and in the file, as one version, and each is its own otherwise. */
export const allHave = (vrid: number, ...boxes: readonly Box[]): void => {
  for (const box of boxes) {
    assert.equal(box.shared['virtualRouters[lan].vrid'], vrid, box.name);
    assert.equal(box.text, box.inForce, box.name);
    assert.match(box.text, new RegExp(`name: ${box.name}\n`));
    assert.match(box.text, /# mine/);
    assert.equal(box.version?.digest, boxes[0]?.version?.digest, box.name);
  }
};

export const told = (box: Box): string[] => box.events.map(({ event }) => event);

/** What an appliance says of a setting that it cannot take over. */
export const NOT_HERE: SettingsError = {
  path: 'virtualRouters[lan].interface',
  code: 'not-here',
  expected: 'an interface of this appliance',
  found: 'eth7, which it does not have',
  remedy: 'r',
};
