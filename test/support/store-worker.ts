/**
 * A process that writes a file whose contents go into a store, for tests that kill it or run several at once.
 * Arguments: store, file, number of rounds, seed, `temporary` or `in-place`. Says `round N` after each.
 */
import { encode } from '../../formats/cbor.js';
import { ContainerWriter } from '../../formats/container/index.js';

const [store = '', path = '', rounds = '1', seed = '0', mode = 'in-place'] = process.argv.slice(2);

/** Ten pages: two that every seed has, and eight of its own. */
export function pagesFor(round: number, seed: number): Uint8Array {
  const pages = Array.from({ length: 10 }, (_, i) =>
    Buffer.alloc(4096, i < 2 ? `common ${round} ${i} ` : `own ${round} ${i} ${seed} `),
  );
  return Buffer.concat(pages);
}

if (store !== '') {
  const temporary = mode === 'temporary';
  const writer = new ContainerWriter({ path, kind: 'recording', temporary, force: true, store });
  writer.frame(1, encode({ ...writer.storeHint }), 0n);
  for (let round = 0; round < Number(rounds); round++) {
    writer.contents(2, encode({ round, data: pagesFor(round, Number(seed)) }), 0n);
    writer.frame(3, encode([round]), BigInt(round));
    process.stdout.write(`round ${round}\n`);
    // The reader of this decides when it goes on, or whether.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  writer.finish({}, 0n);
  writer.abandon();
}
