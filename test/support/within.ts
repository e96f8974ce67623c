import { setTimeout as delay } from 'node:timers/promises';

/** @throws where `promise` takes longer than `timeoutMs`: no test waits for ever */
export async function within<Value>(
  timeoutMs: number,
  what: string,
  promise: Promise<Value>,
): Promise<Value> {
  const cancelled = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: cancelled.signal }).then((): never => {
    throw new Error(`${what}: nothing came in ${timeoutMs} ms`);
  });
  // Aborting it below rejects it, when nobody waits for it any more.
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancelled.abort();
  }
}

const POLL_MS = 2;

/** Looks again and again. @throws where `find` finds nothing within `timeoutMs` */
export async function eventually<Value>(
  timeoutMs: number,
  what: string,
  find: () => Value | undefined | Promise<Value | undefined>,
): Promise<Value> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await find();
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs) throw new Error(`${what}: nothing came in ${timeoutMs} ms`);
    await delay(POLL_MS);
  }
}
