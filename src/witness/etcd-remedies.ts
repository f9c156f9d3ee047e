// What an etcd refuses, and what a connection to it fails of, in words for people: with what to do about it, where that is
// known. Texts only.

/** What etcd says, and what to do about it. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/user name is empty/, 'set witness.user and witness.passwordFile'],
  [/authentication failed/, 'check witness.user, and what witness.passwordFile holds'],
  [/authentication is not enabled/, 'take witness.user out, or enable it in etcd'],
  [/permission denied/, 'give the user of etcd the right to read and write the key (witness.key)'],
  [/no leader|request timed out|no space/, 'look at the cluster: etcdctl endpoint status'],
];

/** Codes of Node and OpenSSL, and what to do about them. */
const FAILURES: readonly (readonly [RegExp, string])[] = [
  [
    /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_SIGNATURE_FAILURE/,
    'witness.caFile must be the certificate that has signed that of etcd',
  ],
  [/CERT_HAS_EXPIRED/, 'the certificate of etcd is over: give it a new one'],
  [/CERT_NOT_YET_VALID/, 'look at the clock of this host, and at the certificate of etcd'],
  [
    /ALTNAME_INVALID/,
    'name the endpoint as its certificate does, or give etcd one for this name (subjectAltName)',
  ],
  [
    /ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN)|CERTIFICATE_REQUIRED/,
    'etcd wants a certificate of ours that its authority has signed, and that is not over: see witness.certificateFile',
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH|before secure TLS/,
    'if it speaks no TLS, write http:// in witness.endpoints',
  ],
  [/HPE_INVALID|before any answer/, 'if it speaks TLS, write https:// in witness.endpoints'],
];

export function remedied(refusal: string): string {
  return withRemedy(refusal, refusal, REFUSALS);
}

export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError') return 'no answer in time';
  const code = 'code' in error ? String(error.code) : '';
  const text = error.message.trim();
  const found = text.includes(code) ? text : `${text} (${code})`;
  return withRemedy(found, `${code} ${text}`, FAILURES);
}

function withRemedy(
  found: string,
  sought: string,
  table: readonly (readonly [RegExp, string])[],
): string {
  const [, remedy] = table.find(([pattern]) => pattern.test(sought)) ?? [];
  return remedy === undefined ? found : `${found}; ${remedy}`;
}
