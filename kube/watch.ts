import { Watch } from '@kubernetes/client-node';
import type { KubeConfig } from '@kubernetes/client-node';
import { KubeApiError, UnreachableError } from './kube-api.ts';
import type { KubeObject, WatchEvent } from './kube-api.ts';
import type { Query } from './resource-path.ts';
import { statusError } from './transport.ts';

export interface WatchCall {
  /** For people. */
  readonly what: string;
  readonly path: string;
  readonly query: Query;
  readonly signal: AbortSignal;
  /** When the server has answered, with its HTTP status; undefined: it has not. */
  readonly onAnswer: (status: number | undefined) => void;
}

/**
 * One watch by client-node, as long as it lasts. What is around it mends what it does not do: it
 * swallows what a callback throws, hands ERROR to the callback like any event, can be aborted only
 * once the server has answered, and may call back after it was aborted.
 *
 * It gives up when nothing came for 30 s, which finds dead connections. A watch is asked for less
 * than that, so that the server ends it first; 2 s before, it sends a BOOKMARK if there is news.
 */
export function watchOnce<T extends KubeObject>(
  config: KubeConfig,
  call: WatchCall,
  onEvent: (event: WatchEvent<T>) => void,
): Promise<void> {
  const { what, signal } = call;
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    let isOver = false;
    let controller: AbortController | undefined;
    const end = (failure?: unknown): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', aborted);
      controller?.abort();
      if (failure === undefined) resolve();
      else reject(asError(what, failure));
    };
    const aborted = (): void => end();
    signal.addEventListener('abort', aborted);
    const received = (type: string, object: unknown): void => {
      if (isOver) return;
      try {
        if (type === 'ERROR') throw statusError(what, object ?? {});
        onEvent({ type, object } as WatchEvent<T>);
      } catch (error) {
        end(error);
      }
    };
    let failure: unknown;
    const done = (error: unknown): void => {
      failure = error ?? undefined;
      end(failure);
    };
    const opened = new Watch(config).watch(call.path, { ...call.query }, received, done);
    opened.then(
      (given) => {
        controller = given;
        call.onAnswer(failure === undefined ? 200 : statusOf(failure));
        if (isOver) given.abort();
      },
      (error: unknown) => {
        call.onAnswer(undefined);
        end(error);
      },
    );
  });
}

function statusOf(failure: unknown): number | undefined {
  const status = (failure as { readonly statusCode?: unknown }).statusCode;
  return typeof status === 'number' ? status : undefined;
}

function asError(what: string, failure: unknown): Error {
  if (failure instanceof KubeApiError) return failure;
  const status = statusOf(failure);
  const error = failure instanceof Error ? failure : new Error(String(failure));
  if (status !== undefined) {
    // client-node does not read the body, which would have the reason in Kubernetes' words.
    const reason = status === 410 ? 'Expired' : error.message.replaceAll(' ', '');
    return statusError(what, { message: error.message, reason, code: status });
  }
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return new UnreachableError(`${what}: ${error.message}${cause}`, { cause: error });
}
