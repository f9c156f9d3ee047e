// What else an interface says when its traffic is low, for people: link state, packets dropped and
// damaged, from systeminformation. Nothing is judged by it, nothing waits for it.
/** The part of systeminformation that is used. */
interface Systeminformation {
  networkStats(interfaceName: string): Promise<readonly Statistics[]>;
}

interface Statistics {
  readonly operstate: string;
  readonly rx_dropped: number;
  readonly rx_errors: number;
}

/** Loaded when it is first asked: most appliances never see low traffic. */
const load = async (): Promise<Systeminformation> => (await import('systeminformation')).default;

/**
 * `eth1 is up, 12 packets dropped, 0 damaged`, of each interface; empty when nothing can be found out.
 * Each answer takes eight processes: to be asked when traffic has become low, not on a schedule.
 * Never rejects.
 */
export async function circumstances(
  interfaces: readonly string[],
  systeminformation: () => Promise<Systeminformation> | Systeminformation = load,
): Promise<string> {
  const each = interfaces.map(async (name) => {
    const [found] = await (await systeminformation()).networkStats(name);
    // It answers so for an interface that does not exist, too.
    if (found === undefined || found.operstate === 'unknown') return '';
    const { operstate, rx_dropped: dropped, rx_errors: damaged } = found;
    return `${name} is ${operstate}, ${dropped} packets dropped, ${damaged} damaged`;
  });
  const found = await Promise.allSettled(each);
  return found.flatMap((one) => (one.status === 'fulfilled' ? one.value || [] : [])).join('; ');
}
