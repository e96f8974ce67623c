import type { Route } from './router.ts';

/** So that a device's usual topics are judged once; beyond it all are judged anew. */
const TOPICS_MAX = 256;

/** Topics that one client was found to be permitted to publish to, and their ways. */
export class PermittedTopics {
  /** By their bytes as Latin-1; undefined until there is one, as for most idle connections. */
  #routes: Map<string, Route> | undefined;
  /** The one that was published to last: devices rarely have many. */
  #last: Route | undefined;

  get(key: string): Route | undefined {
    const route = this.#routes?.get(key);
    if (route !== undefined) this.#last = route;
    return route;
  }

  set(key: string, route: Route): void {
    if (this.#routes === undefined || this.#routes.size >= TOPICS_MAX) this.#routes = new Map();
    this.#routes.set(key, route);
    this.#last = route;
  }

  /** All must be judged anew. */
  clear(): void {
    this.#routes = undefined;
    this.#last = undefined;
  }

  /** The topic of the last message, if it is the one that stands here: most messages name it. */
  matchLast(bytes: Buffer, start: number, end: number): Route | undefined {
    const last = this.#last?.bytes;
    if (last === undefined || last.length !== end - start) return undefined;
    // Topics of one device differ at their end, if they do.
    for (let at = last.length - 1; at >= 0; at--) {
      if (last[at] !== bytes[start + at]) return undefined;
    }
    return this.#last;
  }
}
