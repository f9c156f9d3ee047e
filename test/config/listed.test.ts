// Every setting one by one, as `get` shows them: none is left out, each with who says so.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { ListedSetting } from '../../src/config/listed.js';
import { parseSettings } from '../../src/config/load.js';
import { findSetting, viewSettings } from '../../src/config/setting-names.js';
import { everySetting } from './settings-page.js';

const host = { hostName: () => 'box-1', fileExists: () => true };

const WHOLE = `ha: { mode: off, keyFile: /k, peers: [{ name: b, addresses: [10.98.0.2, 10.99.0.2] }] }
virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24], preempt: true }
linkMonitoring: { pairs: [[eth1, eth2], [eth3, eth4]] }
checks:
  - { name: t, type: tcp, host: h, port: 80 }
  - name: w
    type: http
    url: http://h/
    expectHeader: { name: Age }
    requestHeaders: { Authorization: secret, Host: h }
`;

function listedOf(text: string): readonly ListedSetting[] {
  const result = parseSettings(text, 'f', host);
  assert.ok(result.ok, JSON.stringify(result));
  return result.listed;
}

const view = viewSettings(listedOf(WHOLE), 'f');

describe('the list of settings', () => {
  it('has every setting of the schema', () => {
    const patterns = new Set(
      listedOf(WHOLE).map(({ path }) =>
        path.reduce<string>(
          (text, part) =>
            typeof part === 'number' ? `${text}[]` : `${text === '' ? '' : `${text}.`}${part}`,
          '',
        ),
      ),
    );
    const all = everySetting().filter(
      ({ schema: { properties, items } }) => (properties ?? items?.properties) === undefined,
    );
    // Of a list, only what its items have; the names of the items stand in the names of the settings.
    const expected = all.filter(({ path }) => !path.includes('[]'));
    assert.deepEqual(
      expected.map(({ path }) => path).filter((path) => !patterns.has(path)),
      [],
    );
    assert.deepEqual(
      [...patterns].filter((path) => !all.some((setting) => setting.path === path)),
      [],
    );
  });

  it('has the settings that an item has, in a file or by default, and no others', () => {
    const of = (prefix: string): string[] =>
      view.settings.flatMap(({ setting }) =>
        setting.startsWith(prefix) ? [setting.slice(prefix.length)] : [],
      );
    const common = ['.intervalMs', '.timeoutMs', '.failureThreshold', '.recoveryThreshold'];
    assert.deepEqual(of('checks[t]'), ['.type', ...common, '.host', '.port']);
    assert.deepEqual(of('checks[w]'), [
      '.type',
      ...common,
      '.url',
      '.expectStatus.minimum',
      '.expectStatus.maximum',
      '.expectHeader.name',
      '.requestHeaders',
      '.verifyTls',
    ]);
    assert.deepEqual(of('ha.peers[b]'), ['']);
  });

  it('tells what the file says from what is a default, also of the host and of other settings', () => {
    const told = (name: string): readonly unknown[] => {
      const { value, default: standard, source } = findSetting(view, name) ?? {};
      return [value, standard, source];
    };
    assert.deepEqual(told('mode'), ['off', 'active-passive', 'file']);
    assert.deepEqual(told('ha.port'), [7112, 7112, 'default']);
    assert.deepEqual(told('name'), ['box-1', 'box-1', 'default']);
    assert.deepEqual(told('ha.keyFile'), ['/k', undefined, 'file']);
    assert.deepEqual(told('bypass.hook'), ['', undefined, 'default']);
    assert.deepEqual(told('virtualRouters[lan].priority'), [100, 100, 'default']);
    assert.deepEqual(told('virtualRouters[lan].preempt'), [true, undefined, 'file']);
    assert.deepEqual(told('vip.script'), [
      '/usr/lib/understudy/vip',
      '/usr/lib/understudy/vip',
      'default',
    ]);
    assert.deepEqual(told('checks[w].expectStatus.maximum'), [299, 299, 'default']);
  });

  it('shows lists in one line, and no value of a header', () => {
    const shown = (name: string): unknown => findSetting(view, name)?.value;
    assert.equal(shown('ha.peers[b]'), '10.98.0.2 10.99.0.2');
    assert.equal(shown('linkMonitoring.pairs'), 'eth1+eth2 eth3+eth4');
    assert.equal(shown('checks[w].requestHeaders'), 'Authorization Host');
    assert.doesNotMatch(JSON.stringify(view), /secret/);
  });

  it('answers a section with all that is in it, what has a name of its own for set, too', () => {
    assert.match(
      String(findSetting(view, 'ha')?.value),
      /^mode: off, primary: false, port: \d+, keyFile: \/k, peers\[b\]: /,
    );
    assert.deepEqual(findSetting(view, 'vip'), {
      setting: 'vip',
      value: 'script: /usr/lib/understudy/vip, leaseSeconds: 3 s, timeoutSeconds: 5 s',
      source: 'default',
      settable: false,
    });
    assert.match(
      String(findSetting(view, 'checks[t]')?.value),
      /^type: tcp, .* host: h, port: 80$/,
    );
    assert.equal(findSetting(view, 'chec'), undefined);
  });
});
