// A refusal of the kernel as an error. No retry, no judgement of which refusals matter.
import { getSystemErrorName } from 'node:util';
import type { KernelError } from './kernel.js';

class Refusal extends Error implements KernelError {
  override readonly name = 'KernelError';
  readonly code: string;
  readonly syscall: string;

  constructor(what: string, code: string, syscall: string, cause?: unknown) {
    const advice = ADVICE[code];
    super(
      `${what}: ${syscall} failed with ${code}${advice === undefined ? '' : ` (${advice})`}`,
      cause === undefined ? {} : { cause },
    );
    this.code = code;
    this.syscall = syscall;
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  EPERM: 'run as root, or with the capabilities CAP_NET_RAW and CAP_NET_ADMIN',
  EACCES: 'this user may not open the file: check its owner and mode',
  ENODEV: 'the interface is gone: open a new socket when it is back',
  EBADF: 'it was closed before: open a new one',
  ENOBUFS: 'too many group memberships or too little memory: see net.ipv4.igmp_max_memberships',
  ENOENT: 'the folder or the socket does not exist',
  ECONNREFUSED: 'nobody listens on the socket',
};

/** The errno name of a negative answer of the addon: -19 is ENODEV. */
export const errorName = (answer: number): string => getSystemErrorName(answer);

/** The error for a negative answer of the addon; `what` says what was attempted. */
export const refusal = (what: string, answer: number, syscall: string): KernelError =>
  new Refusal(what, errorName(answer), syscall);

/**
 * Runs what may throw an error of the addon and says what was attempted.
 * @throws KernelError
 */
export function attempt<Result>(what: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    if (!isCoded(cause)) throw cause;
    throw new Refusal(what, cause.code, cause.syscall ?? what, cause);
  }
}

const isCoded = (value: unknown): value is Error & { code: string; syscall?: string } =>
  value instanceof Error && 'code' in value && typeof value.code === 'string';
