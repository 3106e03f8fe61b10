/** What of the host the guest may reach. */

export type Protocol = 'tcp' | 'udp';

export interface HostAccess {
  /** Ports of the host's 127.0.0.1, by protocol. */
  ports: Record<Protocol, ReadonlySet<number> | 'all'>;
  /** Whether names are asked of the host's resolver, which leads them out. */
  names: boolean;
}

export function mayReach({ ports }: HostAccess, protocol: Protocol, port: number): boolean {
  const allowed = ports[protocol];
  return allowed === 'all' || allowed.has(port);
}
