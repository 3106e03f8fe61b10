/** The CBOR items of a recording or relog, each with the rule of the documents that it must satisfy. */
import { ContainerReader } from '../../formats/container/index.js';
import { RECORDING_FRAME } from '../../formats/recording.js';
import { RELOG_FRAME } from '../../formats/relog.js';
import { decodeItems, type Item } from './cbor-items.js';
import { ownItems } from './raw-frames.js';

const RULES: Record<string, Record<number, string>> = {
  relog: { [RELOG_FRAME.header]: 'relog-header', [RELOG_FRAME.pages]: 'pages', [RELOG_FRAME.keyframe]: 'keyframe' },
  recording: Object.fromEntries(Object.entries(RECORDING_FRAME).map(([name, kind]) => [kind, name])),
};

export function* itemsOf(path: string): Generator<{ rule: string; item: Item }> {
  const reader = new ContainerReader(path);
  try {
    for (const { kind, payload } of reader) {
      const items = decodeItems(payload);
      if (reader.kind === 'relog' && kind === RELOG_FRAME.events) {
        yield { rule: 'events-position', item: items[0]! };
        for (const item of items.slice(1)) yield { rule: 'event', item };
      } else if (items.length !== 1) throw new Error(`a frame of kind ${kind} holds ${items.length} items`);
      else yield { rule: RULES[reader.kind]?.[kind] ?? `kind ${kind}`, item: items[0]! };
    }
    // The reader keeps index and end to itself.
    if (reader.end !== null) {
      for (const { rule, payload } of ownItems(path)) yield { rule, item: decodeItems(payload)[0]! };
    }
  } finally {
    reader.close();
  }
}
