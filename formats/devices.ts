/** What a machine has beside CPU, RAM and the devices every PC has, and what goes in and out of it. */
import { DRIVES, MAX_DISK_BYTES } from './disks.js';
import { bool, bytes, list, record, ShapeError, text, uint } from './shape.js';

export const NETWORK_CARDS = ['none', 'ne2k', 'virtio'] as const;

export interface MachineDevices {
  /** ACPI tables, local APIC and IOAPIC. */
  acpi: boolean;
  network: (typeof NETWORK_CARDS)[number];
  /** 1 to 4. */
  serialPorts: number;
  virtioConsole: boolean;
  /** A 9p file system over virtio, tag `host9p`, for files of the host. */
  share: boolean;
}

/** The machine of a guest whose spec asks for nothing. */
export const PLAIN_DEVICES: MachineDevices = {
  acpi: false,
  network: 'none',
  serialPorts: 1,
  virtioConsole: false,
  share: false,
};

/**
 * Ways into the machine, in the order of their numbers in files; what each takes is checked where a log is read.
 * `keyboard` takes scan codes (set 1), `mouse-buttons` left, middle, right as 0 or 1, `network` one Ethernet frame,
 * `disk-size` the number of a drive (formats/disks.ts), the number of the read from which on this holds, counted from
 * the start of the machine, and how many bytes of its base image can still be read.
 */
export const INPUT_CHANNELS = [
  'serial0',
  'serial1',
  'serial2',
  'serial3',
  'virtio-console',
  'keyboard',
  'mouse-move',
  'mouse-buttons',
  'mouse-wheel',
  'network',
  'disk-size',
] as const;
export type InputChannel = (typeof INPUT_CHANNELS)[number];

/** Byte streams that go both ways. */
export const STREAM_CHANNELS = ['serial0', 'serial1', 'serial2', 'serial3', 'virtio-console'] as const;
export type StreamChannel = (typeof STREAM_CHANNELS)[number];

/** True when a machine with these devices has this stream. */
export function hasStream(devices: MachineDevices, channel: StreamChannel): boolean {
  if (channel === 'virtio-console') return devices.virtioConsole;
  return Number(channel.slice('serial'.length)) < devices.serialPorts;
}

/** Numbers a channel takes at once, with their range; channels not named here take bytes. */
const NUMBERS: Partial<Record<InputChannel, { count: number; min: number; max: number | number[] }>> = {
  'mouse-move': { count: 2, min: -0x8000, max: 0x7fff },
  'mouse-buttons': { count: 3, min: 0, max: 1 },
  'mouse-wheel': { count: 2, min: -8, max: 7 },
  'disk-size': { count: 3, min: 0, max: [DRIVES.length - 1, Number.MAX_SAFE_INTEGER, MAX_DISK_BYTES] },
};

export interface DeviceInput {
  channel: InputChannel;
  value: Uint8Array | number[];
}

/** Ways out of the machine that recordings keep, in the order of their numbers in files. */
export const OUTPUT_CHANNELS = ['serial0', 'serial1', 'serial2', 'serial3', 'virtio-console', 'network'] as const;
export type OutputChannel = (typeof OUTPUT_CHANNELS)[number];

/** Bytes of a stream, or one Ethernet frame. */
export interface DeviceOutput {
  channel: OutputChannel;
  bytes: Uint8Array;
}

/** @throws ShapeError */
export function deviceInputOf(number: unknown, value: unknown): DeviceInput {
  const channel = INPUT_CHANNELS[uint(number, 'input channel')];
  if (channel === undefined) throw new ShapeError(`there is no input channel ${String(number)}`);
  const numbers = NUMBERS[channel];
  if (numbers === undefined) return { channel, value: bytes(value, channel) };
  const { count, min, max } = numbers;
  const items = list(value, channel, (item) => (typeof item === 'bigint' ? Number(item) : item), count);
  return {
    channel,
    value: items.map((item, i) => {
      const most = typeof max === 'number' ? max : max[i]!;
      if (typeof item === 'number' && Number.isSafeInteger(item) && item >= min && item <= most) return item;
      throw new ShapeError(`${channel} is out of range`);
    }),
  };
}

/** @throws ShapeError */
export function deviceOutputOf(number: unknown, value: unknown): DeviceOutput {
  const channel = OUTPUT_CHANNELS[uint(number, 'output channel')];
  if (channel === undefined) throw new ShapeError(`there is no output channel ${String(number)}`);
  return { channel, bytes: bytes(value, channel) };
}

/** @throws ShapeError */
export function machineDevicesOf(value: unknown): MachineDevices {
  const map = record(value, 'devices');
  const network = NETWORK_CARDS.find((card) => card === text(map.network, 'devices.network'));
  const serialPorts = uint(map.serialPorts, 'devices.serialPorts', 4);
  if (network === undefined || serialPorts === 0) throw new ShapeError('devices are impossible');
  return {
    acpi: bool(map.acpi, 'devices.acpi'),
    network,
    serialPorts,
    virtioConsole: bool(map.virtioConsole, 'devices.virtioConsole'),
    // Recordings of before there were shares do not say.
    share: map.share === undefined ? false : bool(map.share, 'devices.share'),
  };
}
