/** Everything a guest prints, on whatever stream, for whoever waits for something in it. */
import type { DeviceOutput, StreamChannel } from '../formats/devices.js';
import { ConsoleMatcher } from './console-matcher.js';

export class GuestConsoles {
  private readonly matchers = new Map<StreamChannel, ConsoleMatcher>();

  of(channel: StreamChannel): ConsoleMatcher {
    let matcher = this.matchers.get(channel);
    if (matcher === undefined) {
      matcher = new ConsoleMatcher();
      this.matchers.set(channel, matcher);
    }
    return matcher;
  }

  push({ channel, bytes }: DeviceOutput): void {
    if (channel === 'network') return;
    const matcher = this.of(channel);
    bytes.forEach((byte) => matcher.push(byte));
  }

  /** Matches what was printed since the last flush. Cheap when nothing was. */
  flush(): void {
    for (const matcher of this.matchers.values()) matcher.flush();
  }
}
