// What the words of keepalived.conf become, and what the account says of them. The grammar is in grammar.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { importErrors, importGood, instance, loaded, PEER, said } from './bench.js';

const script = (more = '', name = 'chk'): string =>
  `vrrp_script ${name} {\n script "/usr/local/bin/${name} now"\n${more}\n}\n`;

describe('the version', () => {
  it('is said first: keepalived speaks VRRPv2 unless told otherwise', () => {
    const { warning, order } = importGood(instance());
    assert.match(
      warning[0] ?? '',
      /^keepalived speaks VRRPv2 unless it is told otherwise.*: VI_1\.$/,
    );
    assert.match(warning.join(' '), /TWO ACTIVES/);
    assert.ok(order.some((step) => step.includes('write vrrp_version 3')));
  });

  it('3, of all or of one instance, or IPv6, needs no change of the version before the move', () => {
    for (const text of [
      `global_defs {\n vrrp_version 3\n}\n${instance()}`,
      instance('version 3'),
      instance().replace(/10\.99\S+/, 'fe80::1/64'),
    ]) {
      const { warning, order } = importGood(text);
      assert.match(warning.join(), /speak VRRPv3, as understudy does/, text);
      assert.ok(!order.some((step) => step.includes('vrrp_version')));
    }
    assert.match(
      importGood(`global_defs {\n vrrp_version 3\n}\n${instance('version 2')}`).warning[0] ?? '',
      /VRRPv2/,
    );
  });
});

describe('an instance', () => {
  it('keepalived defaults are written where they differ from ours, and where they do not', () => {
    const [router] = loaded(importGood(instance())).virtualRouters;
    assert.deepEqual(
      [router?.name, router?.interface, router?.vrid, router?.priority, router?.preempt],
      ['VI_1', 'eth0', 51, 100, true],
    );
    assert.equal(router?.advertisementInterval, 100, 'in centiseconds');
  });

  it('state MASTER is not primary: --primary is', () => {
    assert.equal(loaded(importGood(instance('state MASTER'))).ha.primary, false);
    assert.match(
      said(importGood(instance('state MASTER')).account, 'state'),
      /^changed: .*--primary/,
    );
    assert.equal(loaded(importGood(instance(), { primary: true })).ha.primary, true);
  });

  it('advertises where its addresses are: none is left where none of them is', () => {
    const elsewhere = instance().replace(/(10\.99\S+)/, '$1 dev eth1');
    const result = importGood(elsewhere);
    const routers = loaded(result).virtualRouters;
    assert.deepEqual(
      routers.map(({ name, interface: on, addresses }) => [name, on, addresses.length]),
      [['VI_1-eth1', 'eth1', 1]],
    );
    assert.match(said(result.account, 'vrrp_instance'), /^changed: .*no virtual router on eth0/);

    const six = elsewhere.replace(/10\.99\S+/, '2001:db8::1/64');
    const names = loaded(importGood(six)).virtualRouters.map(({ name }) => name);
    assert.deepEqual(names, ['VI_1-eth1']);
  });

  it('whose addresses all stand above already is left out', () => {
    const result = importGood(
      instance() + instance('', 'VI_2', 52).replace('10.99.0.52', '10.99.0.51'),
    );
    assert.equal(loaded(result).virtualRouters.length, 1);
    const reasons = result.account.map((line) => line.reasons.join()).join();
    assert.match(reasons, /no virtual router on eth0.*stands in this file already/s);
  });

  it('an interval is centiseconds, and at most 40.95 s', () => {
    const interval = (text: string): number | undefined =>
      loaded(importGood(instance(`advert_int ${text}`))).virtualRouters[0]?.advertisementInterval;
    assert.deepEqual(['0.25', '40.95', '.014', '255'].map(interval), [25, 4095, 1, 4095]);
    assert.match(
      said(importGood(instance('advert_int 120')).account, 'advert_int'),
      /^changed: 40\.95 s is the longest/,
    );
    assert.match(
      said(importGood(instance('advert_int 0.014')).account, 'advert_int'),
      /^changed: .*: 10 ms/,
    );
  });

  it('nopreempt counts unless the state is MASTER, as with keepalived', () => {
    const preempts = (text: string): boolean | undefined =>
      loaded(importGood(instance(text))).virtualRouters[0]?.preempt;
    assert.deepEqual(['nopreempt', 'state MASTER\nnopreempt', 'nopreempt\npreempt'].map(preempts), [
      false,
      true,
      true,
    ]);
  });

  it('preempt_delay is that of the whole appliance: the longest', () => {
    const text = instance('preempt_delay 4.12') + instance('preempt_delay 2', 'VI_2', 52);
    assert.equal(loaded(importGood(text)).ha.preemptDelay, 5000);
  });

  it('unicast_peer, without its TTLs, and each once', () => {
    const { account, ...rest } = importGood(
      instance('unicast_peer {\n 10.99.0.2 min_ttl 1\n 10.99.0.3\n10.99.0.3 # again\n}'),
    );
    assert.deepEqual(loaded({ account, ...rest }).virtualRouters[0]?.unicastPeers, [
      '10.99.0.2',
      '10.99.0.3',
    ]);
    assert.match(said(account, 'min_ttl'), /^changed: .*TTL of 255/);
    assert.match(said(account, 'again'), /^changed: stands there twice/);
  });

  it('use_vmac is the virtual MAC address, but for the owner', () => {
    const { account, ...rest } = importGood(instance('use_vmac vrrp.51'));
    assert.equal(loaded({ account, ...rest }).virtualRouters[0]?.virtualMac, true);
    assert.match(said(account, 'use_vmac'), /^kept: virtualMac: true/);
    const owner = importGood(instance('use_vmac\npriority 255'));
    assert.match(said(owner.account, 'use_vmac'), /^not carried over: the owner/);
  });

  it('no_accept is acceptMode: false; the last of accept and no_accept counts', () => {
    const { account, ...rest } = importGood(instance('no_accept'));
    assert.match(said(account, 'no_accept'), /^kept: acceptMode: false/);
    assert.equal(loaded({ account, ...rest }).virtualRouters[0]?.acceptMode, false);
    assert.match(
      said(importGood(instance('no_accept\naccept # yes')).account, 'accept # yes'),
      /^kept/,
    );
  });

  it('without an interface only with unicast peers, on the default one', () => {
    const text = instance('unicast_peer {\n10.99.0.2\n}').replace('interface eth0', '');
    assert.equal(loaded(importGood(text)).virtualRouters[0]?.interface, 'eth0');
    const named = `global_defs {\ndefault_interface bond0\n}\n${text}`;
    assert.equal(loaded(importGood(named)).virtualRouters[0]?.interface, 'bond0');
    const [error] = importErrors(instance().replace('interface eth0', ''));
    assert.equal(error?.expected, 'an interface in VI_1');
  });
});

describe('addresses', () => {
  const withAddresses = (...lines: string[]): string =>
    instance().replace(/10\.99\S+/, lines.join('\n'));
  const addressesOf = (text: string): (readonly [string, string, string])[] =>
    loaded(importGood(text)).virtualRouters.map(({ name, interface: on, addresses }) => [
      name,
      on,
      addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(' '),
    ]);

  it('without a prefix are hosts alone, as keepalived has them', () => {
    assert.deepEqual(addressesOf(withAddresses('10.99.0.7')), [['VI_1', 'eth0', '10.99.0.7/32']]);
    assert.match(
      said(importGood(withAddresses('10.99.0.7')).account, '10.99.0.7'),
      /^changed: no prefix is \/32/,
    );
  });

  it('lose options that have no counterpart, each with its reason', () => {
    const text = withAddresses('10.99.0.7/24 brd 10.99.0.255 scope global label eth0:7 no_track');
    const line = said(importGood(text).account, '10.99.0.7');
    for (const word of ['brd', 'scope', 'label', 'no_track'])
      assert.match(line, new RegExp(`without ${word}: `));
  });

  it('of another interface, and excluded ones of another family, get a virtual router of their own', () => {
    const text = withAddresses(
      '10.99.0.7/24',
      '10.98.0.7/24 dev eth1',
      '10.98.0.8/24 dev eth1',
    ).replace('priority', 'x');
    assert.deepEqual(addressesOf(text), [
      ['VI_1', 'eth0', '10.99.0.7/24'],
      ['VI_1-eth1', 'eth1', '10.98.0.7/24 10.98.0.8/24'],
    ]);
    const excluded = instance('virtual_ipaddress_excluded {\n2001:db8::7/64\n10.99.1.7/24\n}');
    assert.deepEqual(addressesOf(excluded), [
      ['VI_1', 'eth0', '10.99.0.51/24 10.99.1.7/24'],
      ['VI_1-ipv6', 'eth0', 'fe80::200:5eff:fe00:233/64 2001:db8::7/64'],
    ]);
  });

  it('belong to the instance that has the VRID there already', () => {
    const text =
      withAddresses('10.99.0.7/24', '10.98.0.7/24 dev eth1') +
      instance('', 'VI_2').replace('eth0', 'eth1').replace('10.99.0.51', '10.98.0.9');
    assert.deepEqual(addressesOf(text), [
      ['VI_1', 'eth0', '10.99.0.7/24'],
      ['VI_2', 'eth1', '10.98.0.7/24 10.98.0.9/24'],
    ]);
  });

  it('of IPv6 begin with a link-local one', () => {
    assert.deepEqual(addressesOf(withAddresses('2001:db8::1/64', 'fe80::1/64')), [
      ['VI_1', 'eth0', 'fe80::1/64 2001:db8::1/64'],
    ]);
  });

  it('that stand twice are taken once', () => {
    const text =
      withAddresses('10.99.0.7/24') +
      withAddresses('10.99.0.7/24 # again', '10.99.0.8/24')
        .replace('VI_1', 'VI_2')
        .replace('51', '52');
    assert.match(
      said(importGood(text).account, 'again'),
      /^changed: 10\.99\.0\.7 stands in this file already/,
    );
    loaded(importGood(text));
  });
});

describe('what is tracked', () => {
  const tracked = (weight: string, of = ''): string =>
    script(weight) + instance(`priority 100\ntrack_script {\n chk ${of}\n}`);
  const checkOf = (text: string): readonly [number | undefined, number | null | undefined] => {
    const settings = loaded(importGood(text));
    return [settings.virtualRouters[0]?.priority, settings.monitors.checks[0]?.weight];
  };

  it('a negative weight lowers by it; a positive one becomes base and decrease', () => {
    assert.deepEqual(checkOf(tracked('weight -20')), [100, 20]);
    assert.deepEqual(checkOf(tracked('weight 20')), [120, 20]);
    assert.deepEqual(checkOf(tracked('weight 20', 'weight -7')), [100, 7]);
    assert.deepEqual(checkOf(tracked('weight 200')), [254, 200], 'not as high as an owner');
    assert.deepEqual(
      checkOf(tracked('weight 20').replace('priority 100', 'priority 255')),
      [255, 20],
    );
  });

  it('without a weight it is a soft fault beside a peer, and the whole priority without one', () => {
    assert.deepEqual(checkOf(tracked('')), [100, 254]);
    const settings = loaded(importGood(tracked(''), { peer: PEER }));
    assert.equal(settings.monitors.checks[0]?.weight, undefined, 'a soft fault');
  });

  it('a member of a sync group has no weights, but with sync_group_tracking_weight', () => {
    const group = (more: string): string => `vrrp_sync_group G {\n group { VI_1 }\n${more}\n}\n`;
    assert.deepEqual(checkOf(group('') + tracked('weight 20')), [100, 254]);
    assert.deepEqual(
      checkOf(group('sync_group_tracking_weight') + tracked('weight 20')),
      [120, 20],
    );
    const ofGroup = group('track_script {\n chk\n}') + script('weight -5') + instance();
    assert.deepEqual(checkOf(ofGroup), [100, 5]);
  });

  it('a script keeps its interval, timeout, rise and fall, in the bounds of a check', () => {
    const { account, ...rest } = importGood(
      tracked('interval 2\ntimeout 1.5\nrise 3\nfall 300\ninit_fail'),
    );
    const [check] = loaded({ account, ...rest }).monitors.checks;
    assert.deepEqual(
      [check?.intervalMs, check?.timeoutMs, check?.failureThreshold, check?.recoveryThreshold],
      [2000, 1500, 255, 3],
    );
    assert.match(said(account, 'init_fail'), /^changed: .*unknown/);
    assert.equal(
      loaded(importGood(tracked('interval 7'))).monitors.checks[0]?.timeoutMs,
      7000,
      'as keepalived takes it',
    );
  });

  it('a script is a program with arguments, a shell line, or a connection', () => {
    const command = (text: string): unknown => {
      const source =
        script().replace(/ script ".*/, ` script ${text}`) + instance('track_script {\nchk\n}');
      const [check] = importGood(source).imported.settings['checks'] as {
        command?: unknown;
        host?: unknown;
        port?: unknown;
      }[];
      return check?.command ?? [check?.host, check?.port];
    };
    assert.deepEqual(command(`"/bin/a b 'c d'"`), ['/bin/a', 'b', 'c d']);
    assert.deepEqual(command('/bin/a'), ['/bin/a']);
    assert.deepEqual(command('"killall -0 haproxy"'), ['/bin/sh', '-c', 'killall -0 haproxy']);
    assert.deepEqual(command('"/bin/a | /bin/b"'), ['/bin/sh', '-c', '/bin/a | /bin/b']);
    assert.deepEqual(command('"</dev/tcp/10.0.0.1/80"'), ['10.0.0.1', 80]);
  });

  it('an interface without a weight is a pair of links, with one a check of its carrier', () => {
    const text = instance('track_interface {\n eth0\n eth1\n eth2 weight -30\n eth3 weight 5\n}');
    const settings = loaded(importGood(text));
    assert.deepEqual(settings.monitors.links?.pairs, [['eth1', 'eth0']]);
    assert.equal(settings.monitors.links?.minimumActive, 1);
    assert.deepEqual(
      settings.monitors.checks.map(({ name, weight }) => [name, weight]),
      [
        ['link-eth2', 30],
        ['link-eth3', 5],
      ],
    );
    assert.equal(settings.virtualRouters[0]?.priority, 105);
  });

  it('what is the other way round has no counterpart, and moves nothing', () => {
    const text =
      script('weight 5 reverse') +
      script('', 'other') +
      instance(
        'track_script {\n chk\n other weight 3 reverse\n}\ntrack_interface {\neth7 weight 9 reverse\n}',
      );
    const { account, imported } = importGood(text);
    assert.deepEqual(
      [imported.settings['checks'], imported.settings['linkMonitoring']],
      [undefined, undefined],
    );
    for (const line of ['weight 5 reverse', ' chk', 'weight 3 reverse', 'eth7']) {
      assert.match(
        account
          .filter((one) => one.text.includes(line))
          .map(({ verdict }) => verdict)
          .join(),
        /not carried over/,
      );
    }
  });

  it('weights that differ are one, and a script that nobody tracks is none', () => {
    const text =
      script('weight -5') +
      script('', 'idle') +
      instance('track_script {\n chk\n}') +
      instance('track_script {\n chk weight -9\n}', 'VI_2', 52);
    const { account, ...rest } = importGood(text);
    assert.deepEqual(
      loaded({ account, ...rest }).monitors.checks.map(({ weight }) => weight),
      [9],
    );
    assert.match(
      said(account, 'chk weight -9'),
      /^changed: .*one weight for all that track it: weight 9/,
    );
    assert.match(said(account, 'vrrp_script idle'), /^not carried over: no instance tracks it/);
  });
});

describe('who moves with whom', () => {
  const two = (first: string, second: string): string =>
    instance(first) + instance(second, 'VI_2', 52);

  it('instances in no group move together, and that is told', () => {
    const { account, ...rest } = importGood(two('', ''));
    assert.equal(loaded({ account, ...rest }).ha.mode, 'active-passive');
    assert.match(
      said(account, 'vrrp_instance VI_1'),
      /^changed: in no group, and moves with all others/,
    );
  });

  it('two that share the work stay so beside a peer: active-active', () => {
    const text = two('state MASTER\npriority 150', 'priority 100');
    const result = importGood(text, { peer: PEER });
    assert.equal(result.imported.shared, true);
    const settings = loaded(result);
    assert.equal(settings.ha.mode, 'active-active');
    assert.deepEqual(
      settings.virtualRouters.map(({ primary, priority }) => [primary, priority]),
      [
        ['alpha', 150],
        ['beta', 100],
      ],
    );
    assert.deepEqual(
      settings.ha.peers.map(({ name, addresses }) => [name, ...addresses]),
      [['beta', '10.98.0.2', '10.99.0.2']],
    );
  });

  it('without a peer they move together, with one priority, so that they do not contend', () => {
    const { account, ...rest } = importGood(two('state MASTER\npriority 150', 'priority 90'));
    assert.deepEqual(
      loaded({ account, ...rest }).virtualRouters.map(({ priority }) => priority),
      [150, 150],
    );
    assert.match(said(account, 'priority 90'), /^changed: 150 for all/);
  });

  it('states that the priorities do not confirm say nothing', () => {
    assert.equal(
      importGood(two('state MASTER\npriority 100', 'priority 100')).imported.shared,
      false,
    );
  });

  it('a group without group { } is read as the first releases did', () => {
    const { account } = importGood(`vrrp_sync_group G {\n VI_1 # first\n}\n${instance()}`);
    assert.match(said(account, 'VI_1 # first'), /^changed: read as if it stood in group/);
  });
});

describe('notify scripts', () => {
  const hookOf = (text: string): { path: string; text: string | null } | null =>
    importGood(text).imported.hook;

  it('one for all, without arguments, is the hook itself', () => {
    const hook = hookOf(instance('notify /bin/n') + instance('notify /bin/n', 'VI_2', 52));
    assert.deepEqual(hook, { path: '/bin/n', text: null });
    assert.equal(hookOf(instance()), null);
  });

  it('others are called by a hook that is written', () => {
    for (const text of [
      instance('notify "/bin/n x"'),
      instance('notify_master /bin/n'),
      instance('notify /bin/n') + instance('', 'VI_2', 52),
      instance('notify /bin/n').replace('VI_1', '"V 1"'),
    ]) {
      assert.equal(hookOf(text)?.path, '/etc/understudy/hooks/transition');
      assert.match(hookOf(text)?.text ?? '', /^#!\/bin\/sh\n/);
    }
    assert.match(
      said(importGood(instance('notify_stop /bin/n root')).account, 'notify_stop'),
      /rights of the agent.*hook that this import writes/,
    );
  });
});

describe('the account', () => {
  it('masks a password, in its block and in the definition that it comes from', () => {
    const text = `$P=s3cret\n${instance('authentication {\nauth_type PASS\nauth_pass ${P}\n}')}`;
    const { account } = importGood(text);
    assert.ok(!JSON.stringify(account).includes('s3cret'));
    assert.match(said(account, 'auth_pass'), /^not carried over: VRRPv3 has no authentication/);
  });
});
