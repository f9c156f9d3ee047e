// What the console answers, as values, and the headers that every answer has. No sockets.

export interface Answer {
  readonly status: number;
  /** Bytes or text as they are; anything else as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal: what was expected, what was found, what to do. */
export const refuse = (
  status: number,
  code: string,
  message: string,
  remedy: string,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({ status, body: { error: { code, message, remedy } }, headers });

/** Nothing from elsewhere, nothing inline, in no frame. The page talks to its own server alone. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
};

/** The body as bytes, and its media type. */
export function bytesOf({ body, headers = {} }: Answer): { bytes: Buffer; type: string } {
  const type = headers['Content-Type'] ?? 'application/json; charset=utf-8';
  if (body instanceof Uint8Array) return { bytes: Buffer.from(body), type };
  if (typeof body === 'string') return { bytes: Buffer.from(body), type };
  return { bytes: Buffer.from(`${JSON.stringify(body)}\n`), type };
}
