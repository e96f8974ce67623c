/** What the load generator is asked to do, and what it answers: JSON on its way in and out. */

/** The first segment of every topic; brokers permit it. */
export const ROOT = 'bench';

/** What brokers let be in flight to one client: more than all publishers have under way. */
export const IN_FLIGHT_MESSAGES = 1000;

export type Shape = 'pairs' | 'fanIn' | 'fanOut';

/** Clients that exchange messages. Groups of one job take client numbers one after another. */
export interface Group {
  /**
   * pairs: publisher i to its own subscriber; fanIn: everybody to every subscriber;
   * fanOut: the same with few publishers, on topics of their own.
   */
  readonly shape: Shape;
  readonly publishers: number;
  readonly subscribers: number;
  /** Messages a second of each publisher; undefined: as fast as they arrive, in a closed loop. */
  readonly rate?: number;
}

interface Common {
  readonly port: number;
  /** Of those clients that connect to another one, where a broker's threads have their own. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly pid: number;
  /** The folder that `writeCertificates` wrote. */
  readonly certificates: string;
  readonly level: 4 | 5;
  /** Threads that share the load. */
  readonly threads: number;
  /** Not counted: connections settle and code is compiled. */
  readonly warmSeconds: number;
  readonly seconds: number;
}

export interface MessagesJob extends Common {
  readonly kind: 'messages';
  readonly groups: readonly Group[];
  readonly qos: 0 | 1;
  readonly payloadBytes: number;
  /** Messages of one publisher on their way at once; under every broker's Receive Maximum. */
  readonly window: number;
  /**
   * Messages that a publisher writes in one turn of its event loop, if it may: the window for
   * gateways that always have more to say; 1 for devices, which cost a TLS record each time.
   */
  readonly burst: number;
  /** Subscribers have sessions that outlive their connections. */
  readonly persistent: boolean;
  /** Measures at half of what the closed loop reached during the warm-up. */
  readonly halfLoad: boolean;
}

export interface ConnectJob extends Common {
  readonly kind: 'connect';
  readonly clients: number;
  /** TLS sessions are resumed instead of negotiated anew. */
  readonly resume: boolean;
}

export interface IdleJob extends Common {
  readonly kind: 'idle';
  readonly clients: number;
}

export interface DrainJob extends Common {
  readonly kind: 'drain';
  readonly sessions: number;
  /** Messages that wait for each session when its client comes back. */
  readonly messages: number;
  readonly payloadBytes: number;
}

export type Job = MessagesJob | ConnectJob | IdleJob | DrainJob;

export interface Outcome {
  /** Messages delivered, connections made: what the CPU time is divided by. */
  readonly units: number;
  readonly seconds: number;
  readonly brokerCpuSeconds: number;
  /** Of the broker's first thread; undefined: nobody looked. */
  readonly brokerMainCpuSeconds?: number;
  /** Of the thread of the broker that took the most; undefined: nobody looked. */
  readonly busiestThreadCpuSeconds?: number;
  /** Undefined: the load generator does not say. */
  readonly loadCpuSeconds?: number;
  readonly residentKib: number;
  readonly writtenBytes?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly p999Ms?: number;
  /** How many of the TLS handshakes were resumptions, from 0 to 1. */
  readonly resumed?: number;
  readonly residentKibEach?: number;
}
