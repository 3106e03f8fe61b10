/** Protocols of the network, message by message: what is built is parsed again, and nothing a guest sends is too much. */
import test from 'ava';
import fc from 'fast-check';
import { ADDRESS, formatAddress, isGuestAddress, parseAddress } from '../../network/addresses.js';
import { ARP, buildArp, parseArp } from '../../network/arp.js';
import { checksum } from '../../network/bytes.js';
import { answerDhcp } from '../../network/dhcp.js';
import { buildAnswer, parseQuestion } from '../../network/dns.js';
import { buildFrame, parseFrame } from '../../network/ethernet.js';
import { echoReply, unreachable } from '../../network/icmp.js';
import { buildIpv4, parseIpv4 } from '../../network/ipv4.js';
import { buildSegment, parseSegment, TCP_FLAG } from '../../network/tcp/segment.js';
import { buildUdp, parseUdp } from '../../network/udp.js';
import { dhcpRequest, dnsQuestion, echoRequest } from '../support/packets.js';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((each) => Buffer.from(each));
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.nat(0xffffffff);

test('the checksum of RFC 1071, section 3', (t) => {
  t.is(checksum(Buffer.from('0001f203f4f5f6f7', 'hex')), ~0xddf2 & 0xffff);
  t.is(checksum(Buffer.from('0001f2', 'hex'), Buffer.from([])), ~0xf201 & 0xffff);
});

test('addresses', (t) => {
  t.is(formatAddress(ADDRESS.guest), '10.0.2.15');
  t.is(parseAddress('10.0.2.15'), ADDRESS.guest);
  for (const wrong of ['10.0.2', '10.0.2.256', '::1', '10.0.2.x', '']) t.is(parseAddress(wrong), null);
  t.true(isGuestAddress(ADDRESS.guest));
  for (const other of [ADDRESS.gateway, ADDRESS.nameServer, ADDRESS.network, ADDRESS.subnetBroadcast, 0x7f000001, 0]) {
    t.false(isGuestAddress(other), formatAddress(other));
  }
});

test('what is built is parsed again', (t) => {
  fc.assert(
    fc.property(bytes(1400), u32, u32, u16, u16, (payload, source, destination, a, b) => {
      const mac = Buffer.from('525400123456', 'hex');
      const frame = parseFrame(buildFrame({ destination: mac, source: mac, type: a, payload }))!;
      t.deepEqual(frame.payload.subarray(0, payload.length), payload);
      t.is(frame.type, a);
      const packet = parseIpv4(buildIpv4({ source, destination, protocol: 17, payload }))!;
      t.like(packet, { source, destination, protocol: 17, payload });
      const datagram = parseUdp(
        buildUdp({ sourcePort: a, destinationPort: b, data: payload }, source, destination),
        source,
        destination,
      );
      t.deepEqual(datagram, { sourcePort: a, destinationPort: b, data: payload });
      const segment = {
        ...{ sourcePort: a, destinationPort: b, seq: source, ack: destination, flags: TCP_FLAG.ack, window: a },
        ...{ mss: 1460, scale: 7, data: payload },
      };
      t.deepEqual(parseSegment(buildSegment(segment, source, destination), source, destination), segment);
      const arp = { operation: ARP.reply, senderMac: mac, sender: source, targetMac: mac, target: destination };
      t.deepEqual(parseArp(buildArp(arp)), arp);
    }),
  );
});

test('a changed bit is noticed by the checksums', (t) => {
  const payload = Buffer.from('a datagram of the guest');
  const source = ADDRESS.guest;
  const destination = ADDRESS.gateway;
  const udp = buildUdp({ sourcePort: 1, destinationPort: 2, data: payload }, source, destination);
  const packet = buildIpv4({ source, destination, protocol: 17, payload: udp });
  for (let bit = 0; bit < 20 * 8; bit++) {
    const changed = Buffer.from(packet);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    t.is(parseIpv4(changed), null, `bit ${bit}`);
  }
  // But not in the checksum's own place, where all zeros would say that there is none.
  for (let bit = 0; bit < udp.length * 8; bit++) {
    const changed = Buffer.from(udp);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    t.is(parseUdp(changed, source, destination), null, `bit ${bit}`);
  }
});

test('fragments and lengths that lie are not taken', (t) => {
  const packet = buildIpv4({ source: 1, destination: 2, protocol: 6, payload: Buffer.alloc(40) });
  const signed = (change: (header: Buffer) => void): Buffer => {
    const changed = Buffer.from(packet);
    change(changed);
    changed.writeUInt16BE(0, 10);
    changed.writeUInt16BE(checksum(changed.subarray(0, 20)), 10);
    return changed;
  };
  t.not(parseIpv4(signed(() => undefined)), null);
  t.is(parseIpv4(signed((header) => header.writeUInt16BE(0x2000, 6))), null);
  t.is(parseIpv4(signed((header) => header.writeUInt16BE(1, 6))), null);
  t.is(parseIpv4(signed((header) => header.writeUInt16BE(61, 2))), null);
  t.is(parseIpv4(signed((header) => header.writeUInt16BE(19, 2))), null);
  t.is(parseIpv4(signed((header) => (header[0] = 0x44))), null);
});

test('an echo is answered in kind', (t) => {
  const request = echoRequest(Buffer.from('abc'));
  const reply = echoReply(request)!;
  t.is(reply[0], 0);
  t.is(checksum(reply), 0);
  t.deepEqual(reply.subarray(4), request.subarray(4));
  t.is(echoReply(reply), null);
  t.is(echoReply(request.subarray(0, 7)), null);
});

test('what cannot be reached is quoted: the header and 8 bytes', (t) => {
  const packet = buildIpv4({ source: 1, destination: 2, protocol: 6, payload: Buffer.alloc(40, 7) });
  const message = unreachable(3, packet);
  t.is(checksum(message), 0);
  t.deepEqual([...message.subarray(0, 2)], [3, 3]);
  t.deepEqual(message.subarray(8), packet.subarray(0, 28));
});

test('DHCP: discover, request, another address, a release', (t) => {
  const offer = answerDhcp(dhcpRequest(1))!;
  t.is(offer.readUInt32BE(4), 0x12345678, 'transaction');
  t.is(offer.readUInt32BE(16), ADDRESS.guest);
  t.deepEqual([...offer.subarray(240, 243)], [53, 1, 2]);
  const ack = answerDhcp(dhcpRequest(3, ADDRESS.guest))!;
  t.deepEqual([...ack.subarray(240, 243)], [53, 1, 5]);
  t.true(ack.includes(Buffer.from([3, 4, 10, 0, 2, 2])), 'router');
  t.true(ack.includes(Buffer.from([6, 4, 10, 0, 2, 3])), 'name server');
  const nak = answerDhcp(dhcpRequest(3, 0xc0a80001))!;
  t.deepEqual([...nak.subarray(240, 243)], [53, 1, 6]);
  t.is(nak.readUInt32BE(16), 0);
  t.is(answerDhcp(dhcpRequest(7)), null);
});

test('DNS: the question comes back with its answers', (t) => {
  const question = parseQuestion(dnsQuestion('Host.Example', 1))!;
  t.is(question.name, 'host.example');
  const answer = buildAnswer(question, 0, [ADDRESS.gateway]);
  t.is(answer.readUInt16BE(0), question.id);
  t.is(answer.readUInt16BE(2), 0x8180);
  t.is(answer.readUInt32BE(answer.length - 4), ADDRESS.gateway);
  t.true(buildAnswer(question, 0, Array<number>(100).fill(1)).length <= 512);
});

test('no message breaks a parser, whatever is in it', (t) => {
  const whole = [
    dhcpRequest(1),
    dnsQuestion('a.very.long.name.indeed', 28),
    echoRequest(Buffer.from('x')),
    buildIpv4({ source: 1, destination: 2, protocol: 6, payload: Buffer.alloc(40) }),
  ];
  const hostile = fc.oneof(
    bytes(400),
    fc.tuple(fc.constantFrom(...whole), u16, bytes(8)).map(([message, at, change]) => {
      const copy = Buffer.from(message);
      change.copy(copy, at % copy.length);
      return copy.subarray(0, at % 7 === 0 ? at % copy.length : copy.length);
    }),
  );
  fc.assert(
    fc.property(hostile, (message) => {
      parseFrame(message);
      parseArp(message);
      parseIpv4(message);
      parseUdp(message, 1, 2);
      parseSegment(message, 1, 2);
      echoReply(message);
      answerDhcp(message);
      const question = parseQuestion(message);
      if (question !== null) buildAnswer(question, 0, [1]);
      t.pass();
    }),
    { numRuns: 2000 },
  );
});
