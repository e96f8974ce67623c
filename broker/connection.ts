import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ClientAccess } from '../domain/access.ts';
import { ReasonCode } from '../domain/reason-codes.ts';
import { Answers, type Answer } from './answers.ts';
import type { BrokerCore } from './broker-core.ts';
import type { ConnectedState } from './connected-state.ts';
import type { Peer } from './diagnostics/diagnostics.ts';
import type { ClaimedIdentity, Ending } from './ending.ts';
import { handlePacket } from './handlers/handlers.ts';
import { Throttle } from './limits/throttle.ts';
import { Output } from './output.ts';
import { encodeDisconnect } from './packets/control-packets.ts';
import type { Frame } from './packets/frame-reader.ts';
import { FrameReader } from './packets/frame-reader.ts';
import type { Delivery, Message, MessageAwaiter, Refilled } from './packets/message.ts';
import { layoutOf, sharedDelivery } from './packets/message.ts';
import { PacketType, type ProtocolVersion } from './packets/packet-type.ts';
import { PermittedTopics } from './routing/permitted-topics.ts';
import type { Receiver, Session } from './session/session.ts';
import { NO_CHANGE, type BatchNumber, type Committable } from './store/session-store.ts';

/** Bytes of a CONNECT: a client identifier, properties and a will that is refused all the same. */
const CONNECT_BYTES_MAX = 65536;
/** What is taken of one client before all others have their turn: see `turnUnits`. */
const TURN_UNITS_MAX = 128;
/** Answers that may wait for a commit before a client is not listened to any more. */
const ANSWERS_MAX = 1000;
/** Where the first byte of a PUBLISH holds the QoS. */
const QOS_BITS = 0x06;
/** An MQTT client that says nothing of it takes what a packet identifier can number. */
const RECEIVE_MAXIMUM_DEFAULT = 65535;

/** Filled anew for every message at QoS 1: nobody keeps it. */
const outgoing: Refilled<Delivery> = { ...sharedDelivery(4) };

/** One network connection: its bytes in, its bytes out, and what its CONNECT settled. */
export class Connection implements Receiver, MessageAwaiter {
  readonly socket: TLSSocket;
  /** The TCP connection below it. */
  readonly #wire: Socket;
  /** Read from it when this connection was closed. */
  #wireBytesAtEnd = 0;
  readonly core: BrokerCore;
  /** Tells the connections of one broker apart. */
  readonly number: number;
  readonly openedAtMs: number;
  open = true;
  /** Undefined until CONNECT is accepted. */
  connected: ConnectedState | undefined;
  /** Set once CONNECT is refused. */
  claimed: ClaimedIdentity | undefined;
  sessionExpirySeconds = 0;
  lastReceivedAtMs: number;
  /** Topics of Topic Aliases; index 0 is not used [MQTT-3.3.2-8]. */
  readonly aliases: (string | undefined)[] = [];
  readonly permittedTopics = new PermittedTopics();
  /** Remembered: a socket that is closed does not know it any more. */
  readonly remoteAddress: string | undefined;
  #inboundThrottle: Throttle | undefined;
  #outboundThrottle: Throttle | undefined;
  readonly #reader = new FrameReader(CONNECT_BYTES_MAX);
  readonly #output: Output;
  #paused = false;
  /** What was taken in this turn of the event loop. */
  #turnUnits = 0;
  #stopped = false;
  /** When the client last took something, or nothing that it should take was at its bound. */
  #progressAtMs: number;
  /** What waited for the client at that time. */
  #progressBytes = 0;
  readonly #answers = new Answers();

  constructor(socket: TLSSocket, wire: Socket, core: BrokerCore) {
    this.socket = socket;
    this.#wire = wire;
    this.#output = new Output(socket);
    this.core = core;
    this.number = core.nextConnectionNumber();
    this.remoteAddress = socket.remoteAddress;
    this.openedAtMs = core.clock.nowMs();
    this.lastReceivedAtMs = this.openedAtMs;
    this.#progressAtMs = this.openedAtMs;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('error', (error: Error) => this.#lost(error.message));
    socket.on('close', () => this.#gone());
  }

  get version(): ProtocolVersion {
    return this.connected?.version ?? 4;
  }

  /** What this client publishes. A bucket that nothing was taken from is full at any time. */
  get inbound(): Throttle {
    return (this.#inboundThrottle ??= this.#newInbound());
  }

  /** What is delivered to it. */
  get #outbound(): Throttle {
    return (this.#outboundThrottle ??= this.#newOutbound());
  }

  // Apart from the getters: a function with a closure in it allocates whenever it is called.

  #newInbound(): Throttle {
    const { inbound } = this.core.rates;
    return new Throttle(inbound, this.lastReceivedAtMs, () => this.#takeHeld());
  }

  #newOutbound(): Throttle {
    const { outbound } = this.core.rates;
    return new Throttle(outbound, this.core.clock.nowMs(), () => this.session?.pump());
  }

  get session(): Session | undefined {
    return this.connected?.session;
  }

  get receiveMaximum(): number {
    return this.connected?.receiveMaximum ?? RECEIVE_MAXIMUM_DEFAULT;
  }

  get peer(): Peer {
    const { connected, claimed } = this;
    return {
      number: this.number,
      remoteAddress: this.remoteAddress,
      client: connected?.session.client ?? claimed?.client,
      version: connected?.version ?? claimed?.version,
    };
  }

  /** QoS 1 messages of this client whose PUBACK waits for a commit [MQTT-3.3.4-7]. */
  get unacknowledgedPublishes(): number {
    return this.#answers.pubacks;
  }

  get writable(): boolean {
    const { connackWaits, length } = this.#answers;
    return this.open && !this.#output.isFull && !(connackWaits && length >= ANSWERS_MAX);
  }

  /** Since when the client takes nothing although what waits for it is at its bound. */
  progressAtMs(nowMs: number): number {
    const { writableLength } = this.socket;
    if (this.writable || writableLength !== this.#progressBytes) this.#progressAtMs = nowMs;
    this.#progressBytes = writableLength;
    return this.#progressAtMs;
  }

  /** Whether the client is listened to: while it is not, its silence says nothing. */
  get listening(): boolean {
    return !this.#paused && !this.#reader.holding;
  }

  /** Nothing more is taken from the client, for good. */
  stopListening(): void {
    this.#stopped = true;
    this.#pause();
  }

  become(connected: ConnectedState): void {
    this.connected = connected;
    this.core.unsettled.settled(this);
    this.sessionExpirySeconds = connected.sessionExpirySeconds;
    this.#reader.packetBytesMax = this.core.limits.messageBytes;
  }

  /** What was settled is judged anew after a change of the declarations. */
  authorize(access: ClientAccess): void {
    this.connected = { ...this.connected!, access };
    this.#reader.packetBytesMax = this.core.limits.messageBytes;
    this.permittedTopics.clear();
  }

  /** False: a PUBLISH that the rates have no room for, or it is the turn of others. */
  receive(frame: Frame): boolean {
    if (this.#turnUnits >= TURN_UNITS_MAX || this.#mustWait(frame)) return false;
    if (this.#turnUnits === 0) this.core.takesTurn(this);
    this.#turnUnits += turnUnits(frame);
    handlePacket(this, frame);
    return true;
  }

  /** Bytes that the client sent although the connection is closed. */
  get bytesAfterEnd(): number {
    return this.#wire.bytesRead - this.#wireBytesAtEnd;
  }

  /** All others had their turn. */
  nextTurn(): void {
    const isUsedUp = this.#turnUnits >= TURN_UNITS_MAX;
    this.#turnUnits = 0;
    if (isUsedUp && this.#reader.holding) this.#takeHeld();
  }

  admits(nowMs: number): boolean {
    return this.#outbound.admits(nowMs);
  }

  fits(message: Message, qos: 0 | 1): boolean {
    const { version, maximumPacketBytes } = this.connected!;
    return (
      maximumPacketBytes === Infinity ||
      message.packetBytes(layoutOf(version, qos)) <= maximumPacketBytes
    );
  }

  sendAtMostOnce(message: Message, lateMs = 0): void {
    const { version } = this;
    const layout = layoutOf(version, 0);
    const bytes = message.packetBytes(layout);
    this.#outbound.spend(bytes);
    if (lateMs === 0 && this.#begins()) this.#output.pushShared(message, bytes, version);
    else this.#deliver(message, bytes, { ...sharedDelivery(version), nowMs: lateMs });
  }

  sendAtLeastOnce(message: Message, packetIdentifier: number, duplicate: boolean): void {
    const layout = layoutOf(this.version, 1);
    const bytes = message.packetBytes(layout);
    this.#outbound.spend(bytes);
    outgoing.layout = layout;
    outgoing.packetIdentifier = packetIdentifier;
    outgoing.duplicate = duplicate;
    outgoing.nowMs = message.expiresAtMs === Infinity ? 0 : this.core.clock.nowMs();
    this.#deliver(message, bytes, outgoing);
  }

  #deliver(message: Message, bytes: number, delivery: Delivery): void {
    if (this.#begins()) {
      this.#output.pushMessage(message, bytes, delivery);
    } else if (this.open) {
      const packet = Buffer.allocUnsafe(bytes);
      message.write(packet, 0, delivery);
      this.#answers.push(NO_CHANGE, packet);
    }
  }

  /** It leaves in one write with all else of this turn; nobody changes its bytes any more. */
  send(answer: Answer): void {
    if (!this.#begins()) {
      if (this.open) this.#answers.push(NO_CHANGE, answer);
    } else if (typeof answer === 'number') this.#output.pushPuback(answer);
    else this.#output.push(answer);
  }

  /** Sends an answer once the change is committed, and after all answers before it. */
  sendAfter(change: Committable, answer: Answer): void {
    if (!this.open) return;
    if (!this.#answers.length && change.batch <= this.core.committedBatch) return this.send(answer);
    this.core.answerLater(this);
    this.#answers.push(change, answer);
    if (!this.#keepsUp) this.#pause();
  }

  /** Whether something can leave; if so, it leaves at the end of this turn. */
  #begins(): boolean {
    if (!this.open || this.#answers.connackWaits) return false;
    if (this.#output.isEmpty) this.core.flushLater(this);
    return true;
  }

  /** Whether the store keeps up with what this client sends. */
  get #keepsUp(): boolean {
    return this.#answers.length < (this.core.store?.behind === true ? 1 : ANSWERS_MAX);
  }

  /** Sends what waited for this commit; false: nothing waits any more. */
  committed(batch: BatchNumber): boolean {
    if (!this.open) return false;
    for (const answer of this.#answers.take(batch)) this.send(answer);
    if (this.#keepsUp) this.#resume();
    return this.#answers.length > 0;
  }

  /** A message of this client was acknowledged by all before it was committed. */
  settled(): void {
    for (const bytes of this.#answers.take(this.core.committedBatch)) this.send(bytes);
    if (this.#answers.length === 0) this.core.answered(this);
    // Whoever acknowledged it is in the middle of a packet: this client's turn comes later.
    if (this.#paused) setImmediate(() => this.#keepsUp && this.#resume());
  }

  flush(): void {
    this.#output.flush();
  }

  /** Ends the connection from this side; MQTT 5 is told why [MQTT-3.14.4]. */
  close(ending: Ending): void {
    if (!this.open) return;
    // Whoever was sent no CONNACK is sent no DISCONNECT [MQTT-3.14.0-1].
    if (this.connected?.version === 5 && !this.#answers.connackWaits) {
      const disconnect = encodeDisconnect(ending, this.connected.maximumPacketBytes);
      if (disconnect !== undefined) this.send(disconnect);
    }
    this.finish(ending);
  }

  /** Ends the connection with what is already queued as its last bytes. */
  finish(ending: Ending): void {
    if (!this.open) return;
    this.flush();
    this.#closed(ending);
    this.#wireBytesAtEnd = this.#wire.bytesRead;
    this.socket.end();
    // What still comes is not looked at, but the end of it must be seen.
    this.socket.resume();
  }

  #received(chunk: Buffer): void {
    if (!this.open) return;
    this.lastReceivedAtMs = this.core.clock.nowMs();
    if (this.connected === undefined && this.#isNotConnect(chunk)) {
      this.finish({ code: ReasonCode.ProtocolError, reason: 'the first packet is not CONNECT' });
      return;
    }
    this.#settle(this.#reader.push(chunk, this));
  }

  /** There may be room for what came and had to wait: it goes on in the middle of a chunk. */
  #takeHeld(): void {
    if (!this.open || this.#paused) return;
    this.lastReceivedAtMs = this.core.clock.nowMs();
    this.#settle(this.#reader.resume(this));
    if (this.socket.destroyed) this.#gone();
    else if (this.open && this.listening) this.socket.resume();
  }

  #settle(outcome: ReasonCode): void {
    if (outcome === ReasonCode.PacketTooLarge) {
      const limit = this.#reader.packetBytesMax;
      this.core.metrics.exceededMessageBytes++;
      this.close({ code: outcome, reason: `a packet exceeds the limit of ${limit} bytes` });
    } else if (outcome !== ReasonCode.Success) {
      this.close({ code: outcome, reason: 'a packet has a malformed Remaining Length' });
    }
    if (!this.open) return;
    if (this.#reader.holding) this.socket.pause();
    if (!this.writable) this.#pause();
  }

  /** MQTT 5 is told at QoS 1 that a message is over the rate; nobody else can be. */
  #mustWait({ bytes, start }: Frame): boolean {
    const firstByte = bytes[start]!;
    if (firstByte >> 4 !== PacketType.PUBLISH || this.connected === undefined) return false;
    const isTold = this.connected.version === 5 && (firstByte & QOS_BITS) !== 0;
    return !isTold && !this.inbound.admits(this.lastReceivedAtMs);
  }

  /** Known from its first byte, before anything is kept of it [MQTT-3.1.0-1]. */
  #isNotConnect(chunk: Buffer): boolean {
    return this.#reader.idle && chunk[0] !== PacketType.CONNECT << 4;
  }

  /** A client that does not read its answers is not asked for more. */
  #pause(): void {
    this.#paused = true;
    this.socket.pause();
  }

  #resume(): void {
    if (!this.#paused || this.#stopped || !this.writable) return;
    this.#paused = false;
    this.lastReceivedAtMs = this.core.clock.nowMs();
    if (this.#reader.holding) this.#takeHeld();
    else this.socket.resume();
  }

  #drained(): void {
    if (this.#keepsUp) this.#resume();
    if (this.open) this.session?.pump();
  }

  /** What came before the end is taken all the same, as there is room for it. */
  #gone(): void {
    if (this.#reader.holding && !this.#paused) return;
    this.#lost('the network connection closed without DISCONNECT');
  }

  #lost(reason: string): void {
    if (!this.open) return;
    this.#closed({ code: ReasonCode.Success, reason });
    this.socket.destroy();
  }

  #closed(ending: Ending): void {
    this.open = false;
    this.#inboundThrottle?.leave();
    this.#outboundThrottle?.leave();
    this.core.closed(this, ending);
  }
}

/** Of most packets little is read but the head; of a SUBSCRIBE, it is every byte. */
function turnUnits({ bytes, start, end }: Frame): number {
  const isPublish = bytes[start]! >> 4 === PacketType.PUBLISH;
  return 1 + ((end - start) >> (isPublish ? 10 : 6));
}
