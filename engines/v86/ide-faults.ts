/**
 * Reads that fail, as an IDE drive reports them. v86 has no such case: a read it gets no answer to leaves the drive
 * busy for ever. So the drive's registers are overlaid where they cross the seam, from the failure to the next command
 * or reset (ATA/ATAPI-6, 6.2 and 7: status, error; bus master status as in Intel's PIIX).
 */
import type { DriveName } from '../../formats/disks.js';
import type { Imports, SeamFunction } from './seam.js';

interface Channel {
  command: number;
  control: number;
  /** Its bus master registers, from the controller's base address on. */
  busMaster: number;
  irq: number;
}

const CHANNELS: Channel[] = [
  { command: 0x1f0, control: 0x3f6, busMaster: 0, irq: 14 },
  { command: 0x170, control: 0x376, busMaster: 8, irq: 15 },
];

/** Status: the drive is ready, the command failed. */
const READY_ERROR = 0x41;
/** Error register: a disk's uncorrectable data; a CD drive's sense key MEDIUM ERROR, command aborted. */
const UNCORRECTABLE = 0x40;
const MEDIUM_ERROR = 0x34;
const BUS_MASTER_INTERRUPT = 4;
const BUS_MASTER_ACTIVE = 1;
const SOFT_RESET = 4;
const NO_INTERRUPTS = 2;

/** PCI configuration: address and data port, and where the IDE controller's base address 4 is (v86's ide.js). */
const PCI_ADDRESS = 0xcf8;
const PCI_DATA = 0xcfc;
const IDE_BASE_ADDRESS = 0x8000f020;

interface Fault {
  busMasterStatus: number;
  error: number;
  interrupt: boolean;
}

export class IdeFaults {
  private readonly faults = new Map<Channel, Fault>();
  /** Channels whose interrupts are off (device control, nIEN). */
  private readonly silent = new Set<Channel>();
  /** Where guest or firmware have put the bus master registers. */
  private busMaster: () => number = () => 0;
  private raise: (irq: number) => void = () => undefined;

  /** Before instantiation. */
  wrap(env: Imports): void {
    const read = env.io_port_read8 as SeamFunction;
    const read32 = env.io_port_read32 as SeamFunction;
    const write32 = env.io_port_write32 as SeamFunction;
    this.busMaster = () => {
      const address = read32(PCI_ADDRESS);
      write32(PCI_ADDRESS, IDE_BASE_ADDRESS | 0);
      const base = read32(PCI_DATA) & 0xfffc;
      write32(PCI_ADDRESS, address);
      return base;
    };
    env.io_port_read8 = (port = 0) => this.seen(port, read(port));
    const write = env.io_port_write8 as SeamFunction;
    env.io_port_write8 = (port = 0, value = 0) => {
      this.written(port, value);
      return write(port, value);
    };
  }

  /** After instantiation. @param raise raises an interrupt line */
  connect(raise: (irq: number) => void): void {
    this.raise = raise;
  }

  /** The command under way on the drive has failed; `fda` has no such report and times out. */
  fail(drive: DriveName): void {
    if (drive === 'fda') return;
    const channel = CHANNELS[drive === 'cdrom' ? 1 : 0]!;
    const interrupt = !this.silent.has(channel);
    const busMasterStatus = this.busMaster() + channel.busMaster + 2;
    this.faults.set(channel, { busMasterStatus, error: drive === 'cdrom' ? MEDIUM_ERROR : UNCORRECTABLE, interrupt });
    if (interrupt) this.raise(channel.irq);
  }

  private seen(port: number, value: number): number {
    if (this.faults.size === 0) return value;
    for (const [channel, fault] of this.faults) {
      if (port === channel.command + 7 || port === channel.control) return READY_ERROR;
      if (port === channel.command + 1) return fault.error;
      if (port === fault.busMasterStatus) {
        return (value & ~BUS_MASTER_ACTIVE) | (fault.interrupt ? BUS_MASTER_INTERRUPT : 0);
      }
    }
    return value;
  }

  private written(port: number, value: number): void {
    for (const channel of CHANNELS) {
      const fault = this.faults.get(channel);
      if (port === channel.command + 7) this.faults.delete(channel);
      else if (port === channel.control) {
        if ((value & SOFT_RESET) !== 0) this.faults.delete(channel);
        if ((value & NO_INTERRUPTS) !== 0) this.silent.add(channel);
        else this.silent.delete(channel);
      } else if (fault !== undefined && port === fault.busMasterStatus && (value & BUS_MASTER_INTERRUPT) !== 0) {
        fault.interrupt = false;
      }
    }
  }
}
