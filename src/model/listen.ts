// Where a server listens, as it is written in the settings: an address and a port, or a unix socket. No sockets.
import { parseAddress } from './address.js';

export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | {
      readonly kind: 'tcp';
      /** Without the brackets of IPv6. */
      readonly host: string;
      readonly port: number;
      /** Reached from this host only. */
      readonly loopback: boolean;
    };

/** `127.0.0.1:7180`, `[::1]:7180`, `localhost:7180` or `unix:/run/console.sock`; null for anything else. */
export function parseListen(text: string): ListenAddress | null {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return /^\/[^\0]*[^/\0]$/.test(path) ? { kind: 'unix', path } : null;
  }
  const [, bracketed, plain, digits = ''] =
    /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port < 1 || port > 65_535) return null;
  if (plain === 'localhost') return { kind: 'tcp', host: '127.0.0.1', port, loopback: true };
  const address = parseAddress(bracketed ?? plain ?? '');
  if (address === null) return null;
  const host: string = address;
  if (host.includes(':') !== (bracketed !== undefined)) return null;
  return { kind: 'tcp', host, port, loopback: host === '::1' || host.startsWith('127.') };
}
