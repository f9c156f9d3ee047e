// Rules of nftables as `nft --json list ruleset` prints them, for tests.

export const chain = (hook: string, policy: string, family = 'inet'): object => ({
  chain: { family, table: 'filter', name: hook, type: 'filter', hook, prio: 0, policy },
});
export const rule = (...expr: readonly object[]): object => ({
  rule: { family: 'inet', table: 'filter', chain: 'input', handle: 7, expr },
});
export const nft = (...objects: readonly object[]): Readonly<Record<string, string>> => ({
  'nft --json list ruleset': JSON.stringify({ nftables: objects }),
});
export const match = (left: object, right: unknown, op = '=='): object => ({
  match: { op, left, right },
});
export const L4 = { meta: { key: 'l4proto' } };
