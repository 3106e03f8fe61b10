/**
 * The kernel inside a bzImage (Documentation/x86/boot.rst): a real-mode part with a setup header, then a small
 * decompressor with the compressed vmlinux as its payload. Unpacking it here saves the guest two billion instructions.
 */
import { gunzipSync } from 'node:zlib';
import { DecoupleError } from '../../formats/errors.js';
import { commandWorks, runCommand } from '../debian/command.js';

export interface BzImage {
  /** The setup header, to be copied to the same offset (0x1f1) of boot_params. */
  setupHeader: Buffer;
  /** An ELF file. */
  vmlinux: Buffer;
}

const MAGIC_OFFSET = 0x202;

export async function readBzImage(file: Buffer, name: string): Promise<BzImage> {
  if (file.length < 0x260 || file.toString('latin1', MAGIC_OFFSET, MAGIC_OFFSET + 4) !== 'HdrS') {
    throw new DecoupleError('guest-invalid', `${name} is not a Linux bzImage.`, 'Name a kernel of that format.');
  }
  const version = file.readUInt16LE(0x206);
  if (version < 0x208) {
    const advice = 'Boot it with `kind: bzimage`, or take a kernel from 2.6.24 on.';
    throw new DecoupleError('guest-invalid', `${name} has boot protocol ${version.toString(16)}, too old.`, advice);
  }
  const setupSectors = file.readUInt8(0x1f1) || 4;
  const start = (setupSectors + 1) * 512 + file.readUInt32LE(0x248);
  const payload = file.subarray(start, start + file.readUInt32LE(0x24c));
  const vmlinux = await decompress(payload, name);
  if (vmlinux.readUInt32BE(0) !== 0x7f454c46) {
    throw new DecoupleError('guest-invalid', `${name} holds no ELF kernel.`, 'Boot it with `kind: bzimage`.');
  }
  const headerEnd = MAGIC_OFFSET + file.readUInt8(0x201);
  return { setupHeader: file.subarray(0x1f1, headerEnd), vmlinux };
}

async function decompress(payload: Buffer, name: string): Promise<Buffer> {
  if (payload.subarray(0, 6).equals(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]))) return unxz(payload, name);
  if (payload.readUInt16BE(0) === 0x1f8b) return gunzipSync(payload.subarray(0, payload.length - 4));
  if (payload.readUInt32BE(0) === 0x7f454c46) return payload;
  const advice = 'Boot it with `kind: bzimage`, where the guest unpacks it itself.';
  throw new DecoupleError('guest-invalid', `${name} is compressed in a way that is not known here.`, advice);
}

/** Neither Node nor npm packages we use can read xz; Python's standard library and xz-utils can. */
async function unxz(payload: Buffer, name: string): Promise<Buffer> {
  // Four bytes with the unpacked size follow the stream.
  const python =
    'import lzma,sys\n' +
    'd=lzma.LZMADecompressor(format=lzma.FORMAT_XZ)\n' +
    'sys.stdout.buffer.write(d.decompress(sys.stdin.buffer.read()))';
  const usePython = await commandWorks('python3', ['-c', 'import lzma']);
  const result = usePython
    ? await runCommand('python3', ['-c', python], { input: payload })
    : await runCommand('xz', ['-dc', '--single-stream'], { input: payload });
  if (result.stdout.length === 0) {
    throw new DecoupleError(
      'guest-build-failed',
      `${name} is compressed with xz, and neither python3 nor xz could unpack it: ${result.stderr.trim()}`,
      'Install python3 (with its lzma module) or xz-utils.',
    );
  }
  return result.stdout;
}
