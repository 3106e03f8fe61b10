/** Where a PC's devices are, by name: for people who look for one device's events. */

export interface DeviceRanges {
  /** Ports, first and last. */
  ports: readonly (readonly [number, number])[];
  /** Physical addresses, first and last. */
  memory?: readonly (readonly [number, number])[];
}

/**
 * Ports and addresses as every PC has them; those of PCI devices are where the machine's firmware puts them. A guest may
 * move these, and 16550s are where Linux looks for them.
 */
export const PC_DEVICES: Record<string, DeviceRanges> = {
  dma: { ports: range([0x00, 0x0f], [0x80, 0x8f], [0xc0, 0xdf]) },
  pic: { ports: range([0x20, 0x21], [0xa0, 0xa1], [0x4d0, 0x4d1]) },
  pit: { ports: range([0x40, 0x43], [0x61, 0x61]) },
  keyboard: { ports: range([0x60, 0x60], [0x64, 0x64]) },
  rtc: { ports: range([0x70, 0x71]) },
  a20: { ports: range([0x92, 0x92]) },
  ide0: { ports: range([0x1f0, 0x1f7], [0x3f6, 0x3f6]) },
  ide1: { ports: range([0x170, 0x177], [0x376, 0x376]) },
  'ide-dma': { ports: range([0xb400, 0xb40f]) },
  floppy: { ports: range([0x3f0, 0x3f5], [0x3f7, 0x3f7]) },
  uart0: { ports: range([0x3f8, 0x3ff]) },
  uart1: { ports: range([0x2f8, 0x2ff]) },
  uart2: { ports: range([0x3e8, 0x3ef]) },
  uart3: { ports: range([0x2e8, 0x2ef]) },
  vga: { ports: range([0x1ce, 0x1d0], [0x3b0, 0x3df]), memory: range([0xa0000, 0xbffff]) },
  pci: { ports: range([0xcf8, 0xcff]) },
  'firmware-config': { ports: range([0x510, 0x511]) },
  acpi: { ports: range([0xb000, 0xb03f], [0xafe0, 0xafe3]) },
  apic: { ports: [], memory: range([0xfee00000, 0xfee00fff]) },
  ioapic: { ports: [], memory: range([0xfec00000, 0xfec00fff]) },
  ne2k: { ports: range([0x300, 0x31f]) },
  'virtio-9p': { ports: range([0xa600, 0xa9ff]) },
  'virtio-console': { ports: range([0xb600, 0xb9ff]) },
  'virtio-net': { ports: range([0xc600, 0xc9ff]) },
};

function range(...ranges: [number, number][]): [number, number][] {
  return ranges;
}
