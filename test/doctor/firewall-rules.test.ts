// What the doctor makes of the rules of a firewall: which keep us out, and which cannot be decided. The commands are made up.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { examine, wrong, type Plant } from './bench.js';
import { chain, L4, match, nft, rule } from './nft.js';

describe('rules of a firewall', () => {
  it('what cannot be decided lets through; what a chain returns goes on', async () => {
    const sub = { chain: { family: 'inet', table: 'filter', name: 'sub' } };
    const inSub = (...expr: readonly object[]): object => ({
      rule: { family: 'inet', table: 'filter', chain: 'sub', handle: 9, expr },
    });
    const jump = rule({ jump: { target: 'sub' } });
    const cases: readonly (readonly [readonly object[], boolean])[] = [
      [
        [rule(match({ payload: { protocol: 'ip', field: 'saddr' } }, '10.0.0.1'), { drop: null })],
        false,
      ],
      [[rule({ limit: {} }, { drop: null })], false],
      [[rule(match(L4, '@known'), { drop: null })], false],
      [[rule(match(L4, 112, '!='), { drop: null })], true],
      [[rule(match({ meta: { key: 'iifname' } }, 'eth1'), { drop: null })], false],
      [[rule(match({ meta: { key: 'iifname' } }, 'eth*'), { reject: null })], true],
      [[rule(match({ payload: { protocol: 'tcp', field: 'dport' } }, 22), { drop: null })], false],
      [[sub, jump, inSub(match(L4, 112), { drop: null })], true],
      [[sub, jump, inSub({ return: null }), inSub({ drop: null })], false],
      [[sub, jump, inSub(match(L4, 112), { accept: null }), rule({ drop: null })], true],
      [[rule({ vmap: {} }), rule(match(L4, 112), { accept: null }), rule({ drop: null })], true],
    ];
    for (const [objects, blocked] of cases) {
      const findings = await examine({ commands: nft(chain('input', 'accept'), ...objects) });
      assert.deepEqual(
        // Shared settings may be kept out by the same rule.
        [...new Set(wrong(findings))].filter((one) => one !== 'warning firewall'),
        blocked ? ['failure firewall'] : [],
        JSON.stringify(objects),
      );
    }
  });

  it('iptables: protocols, interfaces, ports, states, other chains, negation', async () => {
    const save = (...rules: readonly string[]): Plant => ({
      commands: {
        'iptables-legacy-save': `*filter\n:INPUT ACCEPT [0:0]\n:mine - [0:0]\n${rules.join('\n')}\nCOMMIT\n*nat\n:INPUT DROP [0:0]\n`,
      },
    });
    const cases: readonly (readonly [string, boolean])[] = [
      ['-A INPUT -p 112 -j REJECT --reject-with icmp-host-prohibited', true],
      ['-A INPUT ! -p tcp -i eth+ -j DROP', true],
      ['-A INPUT -d 224.0.0.0/4 -j DROP', true],
      ['-A INPUT -d 224.0.0.18/32 -j DROP', true],
      ['-A INPUT -p udp -m udp --dport 7000:8000 -j DROP', true],
      ['-A INPUT -p udp -m udp --dport 7112 -j DROP', true],
      ['-A INPUT -p tcp -m tcp --dport 7113 -j DROP', false],
      ['-A INPUT -m conntrack --ctstate INVALID -j DROP', false],
      ['-A INPUT -p vrrp -m limit --limit 1/sec -j DROP', false],
      ['-A INPUT -o eth0 -m comment --comment x -j DROP', false],
      ['-A INPUT -j mine\n-A mine -p vrrp -j DROP', true],
      ['-A INPUT -j mine\n-A mine -p vrrp -j RETURN', false],
    ];
    for (const [rules, blocked] of cases) {
      const findings = await examine(save(rules));
      assert.deepEqual([...new Set(wrong(findings))], blocked ? ['failure firewall'] : [], rules);
    }
  });
});
