/** The machine's devices in v86's own words: options that add them, and bus messages to and from them. */
import type { DeviceInput, DeviceOutput, MachineDevices } from '../../formats/devices.js';
import { ShareServer } from './share/index.js';

/** Subset of v86's public interface that devices are reached by. */
export interface DeviceBus {
  add_listener(event: string, listener: (value: never) => void): void;
  bus: { send(name: string, value?: unknown): void };
}

/** Answers one message of 9P; never throws. */
export type FileServer = (message: Uint8Array) => Uint8Array;

/**
 * Options of the engine's constructor.
 * @param files serves the share, when the machine has one; without it mounting the share fails
 */
export function deviceOptions(devices: MachineDevices, files: FileServer = nothingShared()): Record<string, unknown> {
  return {
    acpi: devices.acpi,
    // Without a type the engine adds a card by itself.
    net_device: { type: devices.network },
    // The guest's driver knows the address that the card had when the snapshot was taken, and its ring may hold frames.
    preserve_mac_from_state_image: true,
    uart1: devices.serialPorts > 1,
    uart2: devices.serialPorts > 2,
    uart3: devices.serialPorts > 3,
    virtio_console: devices.virtioConsole,
    ...(devices.share ? { filesystem: { handle9p: answering(files) } } : {}),
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
  };
}

/** Answers at once, so that nothing happens between the machine's steps. */
function answering(files: FileServer): (request: Uint8Array, reply: (answer: Uint8Array) => void) => void {
  return (request, reply) => reply(files(request));
}

function nothingShared(): FileServer {
  const server = new ShareServer(null, () => 0);
  return (message) => server.answer(message);
}

/** What a device gets at once, between two steps. */
export function deliver({ bus }: DeviceBus, { channel, value }: DeviceInput): void {
  const each = (name: string): void => value.forEach((item) => bus.send(name, item));
  switch (channel) {
    case 'serial0':
    case 'serial1':
    case 'serial2':
    case 'serial3':
      return each(`${channel}-input`);
    case 'keyboard':
      return each('keyboard-code');
    case 'virtio-console':
      return bus.send('virtio-console0-input-bytes', value);
    case 'network':
      return bus.send('net0-receive', value);
    case 'mouse-move':
      return bus.send('mouse-delta', value);
    case 'mouse-buttons':
      return bus.send('mouse-click', Array.from(value, Boolean));
    case 'mouse-wheel':
      return bus.send('mouse-wheel', value);
    case 'disk-size':
      throw new Error('a disk gets this, not the bus');
  }
}

/** Calls back with what comes out of the devices. Bytes of serial ports come one at a time. */
export function listen(machine: DeviceBus, devices: MachineDevices, onOutput: (output: DeviceOutput) => void): void {
  for (const channel of (['serial0', 'serial1', 'serial2', 'serial3'] as const).slice(0, devices.serialPorts)) {
    machine.add_listener(`${channel}-output-byte`, (byte: number) => onOutput({ channel, bytes: Uint8Array.of(byte) }));
  }
  const whole = (event: string, channel: 'virtio-console' | 'network'): void =>
    machine.add_listener(event, (bytes: Uint8Array) => onOutput({ channel, bytes: Uint8Array.from(bytes) }));
  if (devices.virtioConsole) whole('virtio-console0-output-bytes', 'virtio-console');
  if (devices.network !== 'none') whole('net0-send', 'network');
}
