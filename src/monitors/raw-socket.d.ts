// Types for raw-socket 1.8.1, which has none: only what echo.ts uses. No promise about the rest.
declare module 'raw-socket' {
  /** What lies under a socket. Every method works at once and throws an Error without a code. */
  export interface SocketWrap {
    /** sendto(2); `afterSend` runs before it returns. After `close` it would open a new socket. */
    send(
      buffer: Buffer,
      offset: number,
      length: number,
      address: string,
      afterSend: (bytes: number) => void,
    ): void;
  }

  export interface Socket {
    readonly wrap: SocketWrap;
    /** `message` is a view of one buffer that the next message overwrites. */
    on(event: 'message', listener: (message: Buffer, source: string) => void): this;
    /** Also receives whatever a `message` listener throws. */
    on(event: 'error', listener: (error: Error) => void): this;
    /** setsockopt(2) with a 32-bit value, or with the first `length` bytes of a buffer. */
    setOption(level: number, option: number, value: number): void;
    setOption(level: number, option: number, value: Buffer, length: number): void;
    close(): this;
  }

  export interface RawSocketModule {
    readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number };
    readonly Protocol: { readonly ICMP: number; readonly ICMPv6: number };
    readonly SocketLevel: {
      readonly SOL_SOCKET: number;
      readonly IPPROTO_IP: number;
      readonly IPPROTO_IPV6: number;
    };
    readonly SocketOption: {
      readonly SO_RCVBUF: number;
      readonly SO_BINDTODEVICE: number;
      readonly IP_HDRINCL: number;
    };
    /** @throws Error "Operation not permitted" without CAP_NET_RAW. */
    createSocket(options: { readonly protocol: number; readonly addressFamily: number }): Socket;
    /** RFC 1071; 0 over bytes that carry a correct checksum. */
    createChecksum(...buffers: readonly Buffer[]): number;
    writeChecksum(buffer: Buffer, offset: number, checksum: number): Buffer;
  }

  const rawSocket: RawSocketModule;
  export default rawSocket;
}
