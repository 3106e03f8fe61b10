/** Small guest programs from source, with the GNU assembler (binutils comes with the C++ compiler the simulator needs). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Program {
  /** Linear address of the first byte. */
  base: number;
  bytes: Uint8Array;
  /** Address of a label. */
  at(label: string): number;
}

/** Assembles Intel syntax, 32 bits unless it says `.code16`; `base` is where the first byte lies. */
export function assemble(source: string, base: number): Program {
  const folder = mkdtempSync(join(tmpdir(), 'decouple-guest-'));
  const file = (name: string): string => join(folder, name);
  try {
    writeFileSync(file('guest.s'), `.intel_syntax noprefix\n.text\n${source}\n`);
    execFileSync('as', ['--32', '-o', file('guest.o'), file('guest.s')]);
    const place = [`-Ttext=0x${base.toString(16)}`, '--entry=0'];
    execFileSync('ld', ['-m', 'elf_i386', ...place, '-o', file('guest.elf'), file('guest.o')]);
    execFileSync('objcopy', ['-O', 'binary', '-j', '.text', file('guest.elf'), file('guest.bin')]);
    const labels = new Map<string, number>();
    for (const line of execFileSync('nm', [file('guest.elf')], { encoding: 'utf8' }).split('\n')) {
      const [address, , name] = line.trim().split(' ');
      if (name !== undefined) labels.set(name, parseInt(address!, 16));
    }
    return {
      base,
      bytes: new Uint8Array(readFileSync(file('guest.bin'))),
      at: (label) => {
        const address = labels.get(label);
        if (address === undefined) throw new Error(`no label ${label}`);
        return address;
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
