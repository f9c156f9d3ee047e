// Files that cannot be imported as they are: each a clear error with its line, and nothing imported. Those that the
// disk has a say in are in test/cli/import.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { importErrors, importText, instance } from './bench.js';

describe('bad input', () => {
  const cases: readonly (readonly [string, string, number, RegExp])[] = [
    [
      'two instances with one name',
      instance() + instance('', 'VI_1', 52),
      9,
      /"VI_1", which stands above already/,
    ],
    [
      'two scripts with one name',
      'vrrp_script a {\nscript /a\n}\n'.repeat(2) + instance(),
      4,
      /"a", which stands above already/,
    ],
    ['an instance without a name', instance().replace('VI_1 ', ''), 1, /^none$/],
    ['an instance without a block', `vrrp_instance x\n${instance()}`, 1, /x, and no \{ behind it/],
    ['an unknown word at the top', `vrrp_instanse A {\n}\n${instance()}`, 1, /"vrrp_instanse"/],
    ['an unknown word in an instance', instance('prority 100'), 7, /"prority"/],
    [
      'an unknown word in global_defs',
      `global_defs {\nrouter_di x\n}\n${instance()}`,
      2,
      /"router_di"/,
    ],
    [
      'an unknown word in a script',
      `vrrp_script a {\nscript /a\nintervall 3\n}\n${instance()}`,
      3,
      /"intervall"/,
    ],
    [
      'an unknown word in a group',
      `vrrp_sync_group g {\ngroup { VI_1 }\nnotify_mastr /x\n}\n${instance()}`,
      3,
      /"notify_mastr"/,
    ],
    [
      'a template',
      instance('priority {{ keepalived_priority }}'),
      7,
      /a placeholder of a template/,
    ],
    [
      'a template of another kind',
      `{% if master %}\n${instance()}`,
      1,
      /a placeholder of a template/,
    ],
    ['a priority that is none', instance('priority 256'), 7, /"256"/],
    [
      'a VRID that is none',
      instance().replace('virtual_router_id 51', 'virtual_router_id 0'),
      3,
      /"0"/,
    ],
    ['no VRID', instance().replace('virtual_router_id 51', ''), 1, /^none$/],
    ['no address', instance().replace(/10\.99\S+/, ''), 1, /^none$/],
    [
      'an address that is none',
      instance().replace(/10\.99\S+/, '10.99.0.300/24'),
      5,
      /10\.99\.0\.300/,
    ],
    [
      'a prefix that is none',
      instance().replace(/10\.99\S+/, '10.99.0.3/33'),
      5,
      /10\.99\.0\.3\/33/,
    ],
    [
      'two addresses on one line',
      instance().replace(/10\.99\S+/, '10.99.0.3 10.99.0.4'),
      5,
      /"10\.99\.0\.4"/,
    ],
    [
      'two families in one list',
      instance().replace(/10\.99\S+/, '10.99.0.3\nfe80::1'),
      4,
      /IPv4 and IPv6/,
    ],
    ['a peer that is none', instance('unicast_peer {\nother-host\n}'), 8, /"other-host"/],
    ['an interval that is none', instance('advert_int soon'), 7, /"soon"/],
    ['no interface behind interface', instance('interface'), 7, /^nothing$/],
    [
      'a weight that is none',
      instance('track_interface {\neth1 weight much\n}'),
      8,
      /"weight much"/,
    ],
    [
      'a script that no block has',
      instance('track_script {\nchk\n}'),
      8,
      /"chk", which no vrrp_script has/,
    ],
    ['a script block without a script', `vrrp_script a {\n}\n${instance()}`, 1, /^none$/],
    ['a notify without a script', instance('notify_master'), 7, /^nothing$/],
    [
      'a group of somebody else',
      `vrrp_sync_group g {\ngroup {\nVI_9\n}\n}\n${instance()}`,
      1,
      /"VI_9"/,
    ],
    [
      'one VRID twice on an interface',
      instance() + instance('', 'VI_2').replace('10.99.0.51', '10.99.0.9'),
      9,
      /51, which VI_1 has too/,
    ],
    ['no instance at all', 'virtual_server 10.0.0.1 80 {\n}\n', 1, /nothing for understudy to do/],
    ['an empty file', '', 1, /nothing for understudy to do/],
  ];
  for (const [what, text, line, found] of cases) {
    it(`${what} is told with its line`, () => {
      const [error] = importErrors(text);
      assert.ok(error !== undefined);
      assert.deepEqual(
        [error.place.line, found.test(error.found)],
        [line, true],
        JSON.stringify(error),
      );
      for (const part of [error.expected, error.remedy]) assert.notEqual(part, '');
    });
  }

  it('an unknown word that is near a known one is guessed', () => {
    assert.match(
      importErrors(instance('prority 100'))[0]?.remedy ?? '',
      /^did you mean priority\?.*put # in front/,
    );
    assert.match(
      importErrors(instance('xyzzy'))[0]?.remedy ?? '',
      /^correct it, or put # in front/,
    );
  });

  it('every fault of a file is told, up to fifty', () => {
    assert.equal(importErrors(instance('prority 1\nadvert_int x')).length, 2);
    assert.equal(importErrors(instance('wrong\n'.repeat(500))).length, 50);
  });

  it('what keepalived can have and understudy cannot is told: too many of something', () => {
    const many = (count: number, make: (n: number) => string): string =>
      Array.from({ length: count }, (_, n) => make(n)).join('\n');
    const scripts = many(65, (n) => `vrrp_script s${n} {\nscript /s\n}`);
    const tooMany: readonly (readonly [string, RegExp])[] = [
      [
        `${scripts}\n${instance(`track_script {\n${many(65, (n) => `s${n}`)}\n}`)}`,
        /^at most 64 scripts/,
      ],
      [instance(`track_interface {\n${many(65, (n) => `e${n}`)}\n}`), /^at most 64 interfaces/],
      [
        instance().replace(
          /10\.99\S+/,
          many(256, (n) => `10.9.${n}.1/24`),
        ),
        /^at most 255 addresses/,
      ],
      [
        instance().replace(
          /10\.99\S+/,
          many(91, (n) => `2001:db8:${n}::1/64`),
        ),
        /^at most 90 addresses/,
      ],
      [
        many(1025, (n) => instance('', `V${n}`).replace('eth0', `e${n}`)),
        /^at most 1024 virtual routers/,
      ],
      [
        instance().replace(
          /10\.99\S+/,
          `10.9.0.1\n${many(1024, (n) => `10.${n >> 8}.${n & 255}.1 dev e${n}`)}`,
        ),
        /^at most 1024 virtual routers/,
      ],
    ];
    for (const [text, expected] of tooMany) {
      assert.match(importErrors(text)[0]?.expected ?? '', expected);
    }
  });

  it('nothing that a file can contain makes it throw, or take long', () => {
    const hostile = [
      '\0\u0001\u001b[2J',
      '{'.repeat(5_000),
      '}'.repeat(5_000),
      '${'.repeat(50_000),
      '\\'.repeat(100_000),
      '~SEQ('.repeat(10_000),
      `"${'\\x'.repeat(50_000)}"`,
      '$A=$A\n$A',
      '@\n@^\n@^^ x\n$=\n$1=2\n~LST({},{})x',
      'vrrp_instance __proto__ {\nconstructor 1\n}\ntoString\n__proto__ {\n}',
      'x {\n'.repeat(20_000),
    ];
    for (const text of hostile) {
      const result = importText(text);
      assert.equal(result.ok, false);
    }
  });
});
