/** The reader of kernel symbols against a kernel as Debian ships it. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { kernelNames, findKernel } from '../../analyses/symbols/kernel.js';
import { CACHE } from '../../cli/paths.js';
import { loadGuest } from '../../guests/index.js';

const LOAD = 1;

/** RAM with the segments of an ELF file at their physical addresses. */
function ramOf(path: string, size: number): Buffer {
  const file = readFileSync(path);
  const ram = Buffer.alloc(size);
  const [table, count] = [file.readUInt32LE(28), file.readUInt16LE(44)];
  for (let i = 0; i < count; i++) {
    const [type, offset, , physical, length] = [0, 4, 8, 12, 16].map((at) => file.readUInt32LE(table + i * 32 + at));
    if (type === LOAD) file.copy(ram, physical, offset, offset! + length!);
  }
  return ram;
}

test('the symbols of the default guest’s kernel', async (t) => {
  const guest = await loadGuest('debian-busybox', { cacheDir: CACHE });
  if (guest.boot.kind !== 'multiboot') throw new Error('the default guest boots from one file');
  const ram = ramOf(guest.boot.image, guest.memory);
  const memory = {
    ram: [{ start: 0, size: ram.length }],
    readPhysical: (address: number, length: number) => ram.subarray(address, address + length),
  };
  const kernel = findKernel(memory);
  t.true(kernel !== null && kernel.functions.length > 20_000);
  t.is(kernel!.spaceStart, 0xc0000000);
  const names = new Set<string>();
  for (let address = kernel!.start; address < kernel!.end; address += 16) {
    const name = kernel!.functions.at(address)?.name;
    if (name !== undefined) names.add(name);
  }
  for (const name of ['schedule', 'do_sys_openat2', 'start_kernel', 'vfs_read', 'copy_process'])
    t.true(names.has(name), name);
  t.is(kernelNames(memory)?.(kernel!.start - 1), null);
});
