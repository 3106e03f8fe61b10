/** Answers the guest's questions for names: those of this network itself, and the host's own knowledge of the rest. */
import { lookup } from 'node:dns/promises';
import { ADDRESS, parseAddress } from '../addresses.js';
import { buildAnswer, DNS_STATUS, DNS_TYPE, parseQuestion } from '../dns.js';
import { MAX_QUESTIONS } from '../limits.js';

/** Names that lead to the host, whatever its own resolver says. */
const OWN_NAMES = new Set(['host', 'gateway']);

/** IPv4 addresses of a name. Rejects with an error whose `code` is ENOTFOUND when there is none. */
export type Resolve = (name: string) => Promise<string[]>;

export const hostResolve: Resolve = async (name) =>
  (await lookup(name, { all: true, family: 4 })).map(({ address }) => address);

export class NameServer {
  private asking = 0;

  /** @param resolve null: there are no other names than its own */
  constructor(private readonly resolve: Resolve | null) {}

  /** @returns the datagram that answers, or null when there is nothing to say */
  async answer(message: Buffer): Promise<Buffer | null> {
    const question = parseQuestion(Buffer.from(message));
    if (question === null) return null;
    const { name, type } = question;
    if (type !== DNS_TYPE.a && type !== DNS_TYPE.aaaa) return buildAnswer(question, DNS_STATUS.notImplemented, []);
    if (OWN_NAMES.has(name)) return buildAnswer(question, DNS_STATUS.ok, type === DNS_TYPE.a ? [ADDRESS.gateway] : []);
    if (this.resolve === null || !/^[\w.-]+$/.test(name)) return buildAnswer(question, DNS_STATUS.noSuchName, []);
    // There is no IPv6 here; whether the name exists the question for IPv4 addresses tells.
    if (type === DNS_TYPE.aaaa) return buildAnswer(question, DNS_STATUS.ok, []);
    // The guest asks again.
    if (this.asking >= MAX_QUESTIONS) return null;
    this.asking++;
    try {
      return buildAnswer(question, DNS_STATUS.ok, (await this.resolve(name)).flatMap(asSeenByGuest));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      return buildAnswer(question, code === 'ENOTFOUND' ? DNS_STATUS.noSuchName : DNS_STATUS.failed, []);
    } finally {
      this.asking--;
    }
  }
}

/** The host's own loopback addresses are the gateway to the guest. */
function asSeenByGuest(text: string): number[] {
  const address = parseAddress(text);
  if (address === null) return [];
  return [address >>> 24 === 127 ? ADDRESS.gateway : address];
}
