// Which settings of a check belong to which type of check. No judging: see check-checks.ts.

/** The settings of each type, those first that it needs, with an example; the others are common to all. */
export const OF_TYPE = {
  tcp: { needed: { host: '127.0.0.1', port: '9000' }, other: [] },
  http: {
    needed: { url: 'http://127.0.0.1:9000/upcheck' },
    other: ['expectStatus', 'expectBody', 'expectHeader', 'requestHeaders', 'verifyTls'],
  },
  script: { needed: { command: '[/usr/local/bin/upcheck]' }, other: [] },
} as const;

export type CheckType = keyof typeof OF_TYPE;

/** The type that alone has the setting `key`; undefined where every check may have it. */
export const typeWith = (key: string): CheckType | undefined =>
  (Object.keys(OF_TYPE) as CheckType[]).find((type) => {
    const { needed, other } = OF_TYPE[type];
    return Object.hasOwn(needed, key) || (other as readonly string[]).includes(key);
  });
