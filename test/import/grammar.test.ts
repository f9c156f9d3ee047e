// The grammar of keepalived.conf: comments, quotes, braces, definitions, sequences, conditions, includes. What the
// words mean is in translation.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { FILE, importErrors, importGood, instance, said, type Wish } from './bench.js';

interface Router {
  readonly name: string;
  readonly priority: number;
  readonly interface: string;
  readonly addresses: readonly string[];
}

const routersOf = (text: string, wish?: Wish): readonly Router[] =>
  importGood(text, wish).imported.settings['virtualRouters'] as readonly Router[];

const only = (text: string, wish?: Wish): Router => {
  const [router, ...others] = routersOf(text, wish);
  assert.ok(router !== undefined && others.length === 0);
  return router;
};

describe('comments and quotes', () => {
  it('# and ! begin a comment anywhere, but in quotes', () => {
    const text = instance('priority 77 # not 78 ! nor this\n! priority 79').replace(
      'VI_1',
      '"V#1!"',
    );
    assert.deepEqual([only(text).name, only(text).priority], ['V-1-', 77]);
  });

  it('quotes may stand inside a word, keep spaces, and know escapes', () => {
    assert.equal(only(instance().replace('VI_1', `V"I a"'b'`)).name, 'VI-ab');
    assert.equal(only(instance().replace('VI_1', String.raw`"\x56\111\cA\""`)).name, 'VI-');
    assert.equal(only(instance().replace('VI_1', String.raw`"a\tb\\"`)).name, 'a-b-');
  });

  it('a quotation that nothing closes is told with its line', () => {
    const [error] = importErrors(instance('notify "/x'));
    assert.deepEqual(
      [error?.place.line, error?.found],
      [7, 'a quotation mark that nothing closes'],
    );
  });
});

describe('braces', () => {
  it('may stand on a line of their own, or all on one line', () => {
    const text = instance()
      .replace('VI_1 {', 'VI_1\n{')
      .replace(/virtual_ipaddress \{\s+(\S+)\s+\}/, 'virtual_ipaddress{$1}');
    assert.deepEqual(only(text).addresses, ['10.99.0.51/24']);
  });

  it('that do not fit are told where they stand', () => {
    const [open] = importErrors(instance().replace(/\}\s*$/, ''));
    assert.deepEqual(
      [open?.place.line, open?.expected],
      [1, 'a } for the { of vrrp_instance VI_1, which begins here'],
    );
    // The brace that is there closes another block: what stands inside says where one is missing.
    const two = `vrrp_script check {\n  script "/x"\n${instance()}`;
    const [swallowing] = importErrors(two);
    assert.deepEqual(
      [swallowing?.place.line, swallowing?.found, swallowing?.remedy],
      [
        1,
        'the end of the file, and vrrp_instance VI_1 of line 3 inside it',
        'close the block before line 3, where vrrp_instance VI_1 begins',
      ],
    );
    const [close] = importErrors(`${instance()}}`);
    assert.deepEqual([close?.place.line, close?.found], [9, 'a } that closes none']);
    const [none] = importErrors(`{\n}\n${instance()}`);
    assert.deepEqual([none?.place.line, none?.found], [1, 'a { that belongs to none']);
    const [twice] = importErrors(`global_defs {\n}\n{\n}\n${instance()}`);
    assert.deepEqual([twice?.place.line, twice?.found], [3, 'a { that belongs to none']);
  });
});

describe('definitions', () => {
  it('of one line, one in another, the last one that holds', () => {
    const text = `$A=1\${B}\n$B=0\n${instance('priority $A\npriority ${A}0')}`;
    assert.equal(only(text).priority, 100);
    assert.equal(only(text.replace('$B=0', '$B=0\n$B=2')).priority, 120);
  });

  it('of several lines; the account knows both places', () => {
    const lines = instance('priority ${P}').trimEnd().split('\n').join(' \\\n');
    const { account } = importGood(`$P=50\n$V= \\\n${lines}\n\n$V\n`);
    assert.equal(said(account, '$V='), 'kept: defines $V');
    assert.equal(said(account, 'priority ${P}'), 'kept: ');
    assert.equal(account.at(-1)?.verdict, 'kept');
  });

  it('a line that ends with a backslash goes on', () => {
    const { account, imported } = importGood(instance('priority \\\n 99'));
    assert.equal((imported.settings['virtualRouters'] as Router[])[0]?.priority, 99);
    assert.equal(account[7]?.reasons.join(), 'goes on with the line above');
  });

  it('${_PWD}, ${_INSTANCE}, ${_HASH}, ${_BANG} and ${_ENV X} stand for what they say', () => {
    const text = instance('notify "${_PWD}/${_INSTANCE}/${_ENV WHO}${_HASH}${_BANG}"');
    const { hook } = importGood(text, { environment: { WHO: 'me' } }).imported;
    assert.equal(hook?.path, '/etc/keepalived/alpha/me#!');
    const [error] = importErrors(text);
    assert.equal(error?.expected, 'the variable WHO in the environment');
  });

  it('a name that nothing defines stays, and is no number', () => {
    const [error] = importErrors(instance('priority $NOBODY'));
    assert.equal(error?.found, '"$NOBODY"');
    assert.match(error?.remedy ?? '', /define the name/);
  });

  it('that name themselves, or grow without end, are told', () => {
    const [circle] = importErrors(`$A=\${B}\n$B=\${A}\n${instance('priority $A')}`);
    assert.match(circle?.found ?? '', /a definition that names itself/);
    const doubling = Array.from({ length: 20 }, (_, n) => `$X${n}=\${X${n + 1}}\${X${n + 1}}`);
    const [grown] = importErrors(`${doubling.join('\n')}\n$X20=ab\n${instance('priority $X0')}`);
    assert.match(grown?.expected ?? '', /at most 65536 characters/);
  });
});

describe('sequences and lists', () => {
  it('~SEQ counts up and down, ~SEQx in hexadecimal, ~LST takes several names', () => {
    const addresses = (line: string): readonly string[] =>
      only(instance().replace(/10\.99\S+/, line)).addresses;
    assert.deepEqual(
      addresses('~SEQ(N, 3) 10.0.0.${N}/24'),
      ['1', '2', '3'].map((n) => `10.0.0.${n}/24`),
    );
    assert.deepEqual(
      addresses('~SEQ(N, 9, -4, 1) 10.0.0.${N}/24'),
      ['9', '5', '1'].map((n) => `10.0.0.${n}/24`),
    );
    assert.deepEqual(addresses('~LST({A, B}, {1,2}, {3,4}) 10.0.${A}.${B}/24'), [
      '10.0.1.2/24',
      '10.0.3.4/24',
    ]);
    assert.deepEqual(
      addresses('~LST(A, 1) ~SEQx(B, 0x10, 0x10) 2001:db8:${A}::${B}/64').at(-1),
      '2001:db8:1::10/64',
    );
  });

  it('may have definitions in their brackets', () => {
    const text = `$LAST=2\n${instance().replace(/10\.99\S+/, '~SEQ(N, 1, ${LAST}) 10.0.0.${N}/24')}`;
    assert.equal(only(text).addresses.length, 2);
  });

  it('that are none, or have no end, are told', () => {
    for (const line of [
      '~SEQ(N)',
      '~SEQ(N, 1, 0, 5)',
      '~SEQ(N, 1, x)',
      '~LST(A)',
      '~LST({A,B}, 1)',
      '~WHAT(1)',
    ]) {
      const [error] = importErrors(`${instance()}${line} x\n`);
      assert.match(error?.expected ?? '', /^~SEQ\(NAME, START/, line);
    }
    const [many] = importErrors(`~SEQ(A, 1, 1000) ~SEQ(B, 1, 1000) virtual_server \${A}.\${B}\n`);
    assert.match(many?.expected ?? '', /^at most 100000 lines/);
  });
});

describe('conditions', () => {
  const text = instance('@alpha priority 150\n@^alpha priority 90\n@beta @^alpha priority 80');

  it('@word and @^word are for the host that they name', () => {
    assert.equal(only(text).priority, 150);
    assert.equal(only(text, { configId: 'beta' }).priority, 80);
    assert.match(
      said(importGood(text).account, '@^alpha priority 90'),
      /^not carried over: for all but alpha/,
    );
  });

  it('a definition may stand for a condition', () => {
    assert.equal(only(`$ON=@alpha\n${instance('$ON priority 3')}`).priority, 3);
  });
});

describe('includes', () => {
  const included = {
    '/etc/keepalived/conf.d/a.conf': instance(),
    '/etc/keepalived/conf.d/b.conf': instance('', 'VI_2', 52),
  };

  it('by pattern, relative to the file, and every line of them is in the account', () => {
    const result = importGood('include conf.d/*.conf\n', { files: included });
    assert.deepEqual(
      routersOf('include conf.d/*.conf\n', { files: included }).map(({ name }) => name),
      ['VI_1', 'VI_2'],
    );
    assert.deepEqual(
      [...new Set(result.account.map(({ place }) => place.file))],
      [FILE, ...Object.keys(included)],
    );
  });

  it('a pattern may match nothing, a name and a strict include may not', () => {
    assert.equal(
      said(importGood(`include none/*.conf\n${instance()}`).account, 'include'),
      'kept: no file matches none/*.conf',
    );
    for (const line of ['include none.conf', 'includer none/*.conf']) {
      const [error] = importErrors(`${line}\n${instance()}`);
      assert.match(error?.found ?? '', /^no file matches/);
    }
  });

  it('of itself, by way of another, is told with the circle', () => {
    const [error] = importErrors('include a.conf\n', {
      files: { '/etc/keepalived/a.conf': `include ${FILE}\n` },
    });
    assert.equal(error?.place.file, '/etc/keepalived/a.conf');
    assert.equal(error?.found, `it includes itself: ${FILE} -> /etc/keepalived/a.conf -> ${FILE}`);
  });
});
