/** The network with real sockets on the host's side, and a guest made of frames on the other. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import fc from 'fast-check';
import { ADDRESS, BROADCAST_MAC } from '../../network/addresses.js';
import { ARP, buildArp, parseArp } from '../../network/arp.js';
import { buildFrame, ETHER_TYPE, parseFrame } from '../../network/ethernet.js';
import { PROTOCOL } from '../../network/ipv4.js';
import { MAX_CONNECTIONS } from '../../network/limits.js';
import { buildUdp, parseUdp } from '../../network/udp.js';
import { FrameGuest, GUEST_MAC } from '../support/frame-guest.js';
import { freePort, noise, socketsTo } from '../support/host-server.js';
import { dhcpRequest, dnsQuestion, echoRequest } from '../support/packets.js';
import { until } from '../support/stages.js';
import { Keeper } from '../support/tcp-pair.js';

async function start(t: ExecutionContext, options: Parameters<typeof FrameGuest.start>[0] = {}): Promise<FrameGuest> {
  const guest = await FrameGuest.start(options);
  t.teardown(() => guest.network.close());
  return guest;
}

async function listen(t: ExecutionContext, onConnection: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    // What is still open when the test is over gets reset.
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('bytes go to a server of the host and back; half of the connection may end first', async (t) => {
  const port = await listen(t, (socket) => socket.pipe(socket));
  const guest = await start(t);
  const data = noise(3_000_000);
  const application = new Keeper();
  const connection = guest.connect(4000, port, application);
  connection.write(data);
  connection.end();
  await until(() => application.events.includes('ended'));
  t.deepEqual(application.events, ['opened', 'ended']);
  t.true(application.bytes.equals(data));
});

test('a server that does not read stops the guest', async (t) => {
  let socket: Socket | null = null;
  const port = await listen(t, (each) => (socket = each.pause()));
  const guest = await start(t);
  const application = new Keeper();
  const data = noise(30_000_000);
  const connection = guest.connect(4000, port, application);
  connection.write(data);
  connection.end();
  let before = -1;
  await until(() => {
    const still = socket !== null && connection.waiting === before && before < data.length;
    before = connection.waiting;
    return still;
  });
  t.true(connection.waiting > 5_000_000, 'what sockets and windows take is less than what is left');
  let bytes = 0;
  let ended = false;
  socket!.on('data', (chunk) => (bytes += chunk.length)).on('end', () => (ended = true));
  socket!.resume();
  await until(() => ended);
  t.is(bytes, data.length);
  socket!.end();
});

test('nobody listens, an address out of reach, a reset by the host', async (t) => {
  const port = await listen(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const guest = await start(t);
  const refused = new Keeper();
  guest.connect(4000, await freePort(), refused);
  const outside = new Keeper();
  guest.connect(4001, 80, outside, 0x08080808);
  const nameServer = new Keeper();
  guest.connect(4002, 53, nameServer, ADDRESS.nameServer);
  const reset = new Keeper();
  guest.connect(4003, port, reset).write(Buffer.from('a request'));
  await until(() => [refused, outside, nameServer, reset].every(({ events }) => events.some((e) => e !== 'opened')));
  for (const [name, keeper] of Object.entries({ refused, outside, nameServer }))
    t.deepEqual(keeper.events, ['refused'], name);
  t.deepEqual(reset.events, ['opened', 'reset']);
});

test('a forwarded port leads into the guest, and to a reset when nobody listens there', async (t) => {
  const hostPort = await freePort();
  const guest = await start(t, { forwards: [{ hostPort, guestPort: 80 }] });
  // The network does not know the guest before it says something.
  guest.send(PROTOCOL.icmp, echoRequest(Buffer.from('hello')));
  guest.serve = (connection) => {
    const keeper = new Keeper();
    keeper.data = (bytes) => connection.write(Buffer.from(bytes));
    keeper.ended = () => connection.end();
    return keeper;
  };
  const data = noise(500_000);
  const socket = connect({ host: '127.0.0.1', port: hostPort });
  socket.end(data);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  t.true(Buffer.concat(chunks).equals(data));
});

test('echo, DHCP, ARP, names', async (t) => {
  const resolve = async (name: string): Promise<string[]> => {
    if (name === 'me') return ['127.0.1.1'];
    throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
  };
  const guest = await start(t, { resolve });
  guest.send(PROTOCOL.icmp, echoRequest(Buffer.from('abc')));
  guest.send(PROTOCOL.icmp, echoRequest(Buffer.from('abc')), 0x08080808);
  const udp = (port: number, data: Buffer, to: number, from: number = ADDRESS.guest) =>
    guest.send(PROTOCOL.udp, buildUdp({ sourcePort: 68, destinationPort: port, data }, from, to), to, from);
  udp(67, dhcpRequest(1), ADDRESS.broadcast, 0);
  for (const name of ['host', 'me', 'nobody']) udp(53, dnsQuestion(name, 1), ADDRESS.nameServer);
  const ask = { operation: ARP.request, senderMac: GUEST_MAC, sender: ADDRESS.guest, targetMac: Buffer.alloc(6) };
  for (const target of [ADDRESS.gateway, 0x0a000207]) {
    const payload = buildArp({ ...ask, target });
    const frame = { destination: BROADCAST_MAC, source: GUEST_MAC, type: ETHER_TYPE.arp, payload };
    guest.network.receive(buildFrame(frame));
  }
  await until(() => guest.frames.length >= 7);
  const icmp = guest.packets.filter(({ protocol }) => protocol === PROTOCOL.icmp);
  t.deepEqual(icmp.map(({ payload }) => [payload[0], payload[1]]), [[0, 0], [3, 13]]); // prettier-ignore
  const answers = guest.packets
    .filter(({ source }) => source === ADDRESS.nameServer)
    .map(({ payload, source, destination }) => parseUdp(payload, source, destination)!.data);
  t.deepEqual(answers.map((data) => data[3]! & 15), [0, 0, 3]); // prettier-ignore
  for (const data of answers.slice(0, 2)) t.is(data.readUInt32BE(data.length - 4), ADDRESS.gateway);
  t.true(
    guest.packets.some(({ destination }) => destination === ADDRESS.broadcast),
    'DHCP offer',
  );
  const arp = guest.frames.map((frame) => parseFrame(frame)!).filter(({ type }) => type === ETHER_TYPE.arp);
  t.deepEqual(arp.map(({ payload }) => parseArp(payload)!.sender), [ADDRESS.gateway]); // prettier-ignore
});

test('datagrams go to a port of the host and back; nobody there is said', async (t) => {
  const echo: UdpSocket = createSocket('udp4', (data, { port }) => echo.send(data, port, '127.0.0.1'));
  await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve));
  t.teardown(() => void echo.close());
  const guest = await start(t);
  const send = (destinationPort: number): void => {
    const datagram = { sourcePort: 5000, destinationPort, data: Buffer.from('ping') };
    guest.send(PROTOCOL.udp, buildUdp(datagram, ADDRESS.guest, ADDRESS.gateway));
  };
  send(echo.address().port);
  send(await freePort());
  await until(() => guest.packets.length >= 2);
  const [answer] = guest.packets.filter(({ protocol }) => protocol === PROTOCOL.udp);
  t.is(parseUdp(answer!.payload, answer!.source, answer!.destination)!.data.toString(), 'ping');
  const [unreachable] = guest.packets.filter(({ protocol }) => protocol === PROTOCOL.icmp);
  t.deepEqual([...unreachable!.payload.subarray(0, 2)], [3, 3]);
});

test('more connections than there may be are refused', async (t) => {
  const port = await listen(t, () => undefined);
  const guest = await start(t);
  const keepers = Array.from({ length: MAX_CONNECTIONS + 20 }, () => new Keeper());
  keepers.forEach((keeper, i) => guest.connect(10_000 + i, port, keeper));
  await until(() => keepers.every(({ events }) => events.length > 0));
  t.is(keepers.filter(({ events }) => events[0] === 'opened').length, MAX_CONNECTIONS);
  t.is(keepers.filter(({ events }) => events[0] === 'refused').length, 20);
});

test('no socket stays when the network is taken away, not even one that the host does not answer', async (t) => {
  // A process that is stopped takes no connections: two fit into its queue, the host does not answer the others.
  const code = `const s = require('net').createServer(); s.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    console.log(s.address().port);
    process.kill(process.pid, 'SIGSTOP');
  });`;
  const stopped = execa('node', ['-e', code], { reject: false });
  t.teardown(() => void stopped.kill('SIGKILL'));
  const [port] = (await once(stopped.stdout, 'data')).map(Number) as [number];
  const guest = await start(t);
  const keepers = Array.from({ length: 10 }, () => new Keeper());
  keepers.forEach((keeper, i) => guest.connect(10_000 + i, port, keeper));
  await until(() => keepers.some(({ events }) => events.length > 0));
  const before = socketsTo([port]);
  guest.network.close();
  t.is(before, 10);
  t.is(socketsTo([port]), 0);
});

test('frames of any content break nothing', async (t) => {
  const guest = await start(t);
  const payload = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes));
  const protocol = fc.constantFrom(1, 6, 17, 2);
  fc.assert(
    fc.property(payload, protocol, fc.boolean(), (bytes, number, raw) => {
      if (raw) guest.network.receive(bytes);
      else guest.send(number, bytes);
      t.pass();
    }),
    { numRuns: 1000 },
  );
});

test('nothing of the host is reached that was not allowed', async (t) => {
  const reached: string[] = [];
  const port = await listen(t, () => reached.push('allowed'));
  const other = await listen(t, () => reached.push('other'));
  const access = { ports: { tcp: new Set([port]), udp: new Set<number>() }, names: false };
  const asked: string[] = [];
  const guest = await start(t, { access, resolve: (name) => Promise.resolve((asked.push(name), ['127.0.0.1'])) });
  const udp = (destinationPort: number, data: Buffer, to: number): void =>
    guest.send(PROTOCOL.udp, buildUdp({ sourcePort: 68, destinationPort, data }, ADDRESS.guest, to), to);
  for (const name of ['host', 'me.example']) udp(53, dnsQuestion(name, 1), ADDRESS.nameServer);
  udp(other, Buffer.from('x'), ADDRESS.gateway);
  const refused = new Keeper();
  guest.connect(5001, other, refused);
  const taken = new Keeper();
  guest.connect(5000, port, taken);
  await until(() => taken.events.length > 0 && refused.events.length > 0 && guest.packets.length >= 3);
  t.deepEqual([taken.events, refused.events], [['opened'], ['refused']]);
  t.deepEqual(reached, ['allowed']);
  t.deepEqual(asked, []);
  const answers = guest.packets
    .filter(({ source }) => source === ADDRESS.nameServer)
    .map(({ payload, source, destination }) => parseUdp(payload, source, destination)!.data);
  t.deepEqual(answers.map((data) => data[3]! & 15), [0, 3]); // prettier-ignore
  const icmp = guest.packets.filter(({ protocol }) => protocol === PROTOCOL.icmp);
  t.deepEqual(icmp.map(({ payload }) => [payload[0], payload[1]]), [[3, 13]]); // prettier-ignore
});
