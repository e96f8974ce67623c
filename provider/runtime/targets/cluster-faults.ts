/** What an API server refused, or why it did not answer, for the person who runs Pulumi. */
import { API_GROUP } from '../../../domain/resources.ts';
import { printable } from '../../../domain/text.ts';
import { KubeApiError, UnreachableError, type ResourceType } from '../../../kube/kube-api.ts';
import type { Fault } from './target.ts';

export interface Attempt {
  /** `TopicSpace/default/alerts cannot be applied`. */
  readonly failed: string;
  readonly type: ResourceType;
  readonly namespace: string;
  /** Of the API server. */
  readonly server: string;
  readonly context: string;
}

/** What a server says fits on a screen. */
const WORDS_MAX = 2_000;
const CONFLICTS_SHOWN_MAX = 10;

/** @throws what is neither an answer nor the lack of one: a bug */
export function faultOf(error: unknown, attempt: Attempt): Fault {
  if (error instanceof UnreachableError) return unreachable(error, attempt);
  if (!(error instanceof KubeApiError)) throw error;
  switch (error.status) {
    case 401:
      return unauthorized(attempt);
    case 403:
      return forbidden(error, attempt);
    case 404:
      return notFound(error, attempt);
    case 409:
      return conflict(error, attempt);
    case 422:
      return {
        message: `${attempt.failed}: ${wordsOf(error)}`,
        remedy: 'change it in the program',
      };
    default:
      return {
        message: `${attempt.failed}: ${wordsOf(error)} (${error.status})`,
        remedy: 'run it again; if that stays so, look at the logs of the API server',
      };
  }
}

function unreachable({ message }: UnreachableError, { failed, server, context }: Attempt): Fault {
  return {
    message: `${failed}: ${server} gives no answer: ${oneLine(message)}`,
    remedy: `see that the cluster is up, and that context ${context} is the right one`,
  };
}

function unauthorized({ failed, server, context }: Attempt): Fault {
  return {
    message: `${failed}: ${server} does not accept the credentials of context ${context} (401)`,
    remedy: 'renew them, for instance by logging in to the cluster again: they may have expired',
  };
}

/** RBAC's words: who may not do what to what, where. */
const RBAC = /User "[^"]*" cannot (\w+) resource "([^"]+)"/;

function forbidden(error: KubeApiError, { failed, namespace }: Attempt): Fault {
  const words = wordsOf(error);
  const [, verb, resource] = RBAC.exec(words) ?? [];
  const message = `${failed}: ${words}`;
  if (verb !== undefined) {
    const remedy =
      `let a Role in the Kubernetes namespace ${namespace} allow ${verb} on ` +
      `${resource}.${API_GROUP}, and bind it to that user`;
    return { message, remedy };
  }
  if (error.details.causes.some(({ reason }) => reason === 'NamespaceTerminating')) {
    return { message, remedy: 'wait until it is gone, and make it anew' };
  }
  return { message, remedy: 'ask who runs the cluster which policy refuses it' };
}

function notFound(error: KubeApiError, { failed, type, namespace, server }: Attempt): Fault {
  if (error.details.kind === 'namespaces') {
    return {
      message: `${failed}: there is no Kubernetes namespace ${namespace}`,
      remedy: `kubectl create namespace ${namespace}`,
    };
  }
  return {
    message: `${failed}: ${server} does not know ${type.plural} of ${type.apiVersion}`,
    remedy: 'install mqttgrid there: kubectl apply -k deploy/, or helm install (docs/INSTALL.md)',
  };
}

function conflict(error: KubeApiError, { failed }: Attempt): Fault {
  const conflicts = error.details.causes
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ message, field }) => ({ field: field.replace(/^\./, ''), owner: ownerOf(message) }));
  if (conflicts.length === 0) {
    return { message: `${failed}: ${wordsOf(error)}`, remedy: 'run it again' };
  }
  const shown = conflicts.slice(0, CONFLICTS_SHOWN_MAX);
  const fields = shown.map(({ field, owner }) => `${field} is managed by ${owner}`);
  const more = conflicts.length - shown.length;
  if (more > 0) fields.push(`and ${more} more`);
  const owners = [...new Set(shown.map(({ owner }) => owner))].join(' and ');
  return {
    message: `${failed}: ${printable(fields.join(', '))}`,
    remedy: `let ${printable(owners)} stop declaring them, or set adopt: true to take them over`,
  };
}

/** The manager of `conflict with "kubectl" using mqttgrid.io/v1`. */
function ownerOf(message: string): string {
  return /conflict with "(.*?)"/.exec(message)?.[1] ?? 'somebody else';
}

/** Without who says it and what it is about, which stands before it already. */
function wordsOf({ details }: KubeApiError): string {
  return oneLine(details.message)
    .replace(/^admission webhook "[^"]*" denied the request: /, '')
    .replace(/^\S+(?: "[^"]*")? is (?:invalid|forbidden): /, '');
}

function oneLine(text: string): string {
  const line = printable(text.replaceAll(/\s+/g, ' ').trim());
  return line.length <= WORDS_MAX ? line : `${line.slice(0, WORDS_MAX).toWellFormed()}…`;
}
