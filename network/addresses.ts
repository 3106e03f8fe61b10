/** The addresses of the network a guest is in: the same as those of QEMU's user networking. IPv4 addresses are numbers. */

export const ADDRESS = {
  network: 0x0a000200,
  /** The gateway, which stands for the host: its ports are those of the host's 127.0.0.1. */
  gateway: 0x0a000202,
  nameServer: 0x0a000203,
  /** What the guest gets by DHCP, and where forwarded ports lead. */
  guest: 0x0a00020f,
  broadcast: 0xffffffff,
  subnetBroadcast: 0x0a0002ff,
} as const;
export const NETMASK = 0xffffff00;

export const BROADCAST_MAC = Buffer.from('ffffffffffff', 'hex');
/** Locally administered; the last four bytes are the IPv4 address. */
const OWN_MACS = new Map<number, Buffer>([
  [ADDRESS.gateway, Buffer.from('52550a000202', 'hex')],
  [ADDRESS.nameServer, Buffer.from('52550a000203', 'hex')],
]);

/** The hardware address behind one of this network's own addresses, or null for all others. */
export function ownMac(address: number): Buffer | null {
  return OWN_MACS.get(address) ?? null;
}

/** An address that a guest may have: within the subnet, and nobody else's. */
export function isGuestAddress(address: number): boolean {
  const inside = (address & NETMASK) >>> 0 === ADDRESS.network;
  return inside && !OWN_MACS.has(address) && address !== ADDRESS.network && address !== ADDRESS.subnetBroadcast;
}

/** `0x0a000202` → `10.0.2.2`. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

/** `10.0.2.2` → `0x0a000202`; null for anything but four decimal bytes. */
export function parseAddress(text: string): number | null {
  const bytes = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return null;
  return bytes.reduce((address, byte) => address * 256 + byte, 0);
}
