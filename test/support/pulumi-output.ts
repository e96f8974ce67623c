/** What a pulumi command printed and reported, without what differs from run to run. */

/** Of one step of a deployment. Source: pulumi, sdk/go/common/apitype/events.go. */
export interface EngineEvent {
  readonly diagnosticEvent?: {
    readonly urn?: string;
    readonly message: string;
    readonly severity: string;
  };
  readonly resourcePreEvent?: { readonly metadata: StepMetadata; readonly planning?: boolean };
  readonly resOutputsEvent?: { readonly metadata: StepMetadata; readonly planning?: boolean };
  readonly resOpFailedEvent?: { readonly metadata: StepMetadata };
  readonly summaryEvent?: { readonly resourceChanges: Readonly<Record<string, number>> };
}

export interface StepMetadata {
  /** `create`, `update`, `same`, `replace`, `create-replacement`, `delete-replaced`, ... */
  readonly op: string;
  readonly urn: string;
  readonly diffs?: readonly string[];
  readonly keys?: readonly string[];
  readonly old?: StepState | null;
  readonly new?: StepState | null;
}

export interface StepState {
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface Diagnostic {
  /** `TopicSpace alerts`; empty where it is about none. */
  readonly resource: string;
  /** `info`, `info#err`, `warning`, `error` */
  readonly severity: string;
  readonly message: string;
}

/** `TopicSpace alerts` of `urn:pulumi:STACK::PROJECT::pulumi-nodejs:...:TopicSpace::alerts` */
export function shortName(urn: string): string {
  const [, , type = '', name = ''] = urn.split('::');
  return urn === '' ? '' : `${type.slice(type.lastIndexOf(':') + 1)} ${name}`;
}

/** The stack itself, and what it says of the provider of its resources. */
const BOOKKEEPING = /::pulumi:(?:pulumi|providers):/;

/** In the order in which they began: resource by `shortName`, and what was done to it. */
export function operationsOf(events: readonly EngineEvent[]): (readonly [string, string])[] {
  return events
    .flatMap(({ resourcePreEvent }) => (resourcePreEvent ? [resourcePreEvent.metadata] : []))
    .filter(({ urn }) => !BOOKKEEPING.test(urn))
    .map(({ urn, op }) => [shortName(urn), op] as const);
}

export function diagnosticsOf(events: readonly EngineEvent[]): Diagnostic[] {
  return events
    .flatMap(({ diagnosticEvent }) => (diagnosticEvent ? [diagnosticEvent] : []))
    .filter(({ severity }) => severity !== 'debug')
    .map(({ urn = '', severity, message }) => ({
      resource: shortName(urn),
      severity,
      message: withoutColours(message).trim(),
    }));
}

/** How the CLI marks colours in events: `<{%reset%}>`. */
function withoutColours(message: string): string {
  return message.replace(/<\{%[^%]*%\}>/g, '');
}

const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const UUID = /\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/g;
const TOOK = / \(\d+(?:\.\d+)?s\)/g;
const DURATION = /^Duration: .*$/gm;
/** An offer of help by a service. */
const OFFER = /^ +\[Pulumi Neo\].*\n(?: +\S.*\n)*\n?/gm;

/** @param names what to say instead of paths that differ from run to run */
export function normalised(text: string, names: ReadonlyMap<string, string>): string {
  let normal = text
    .replace(OFFER, '')
    .replace(TOOK, '')
    .replace(DURATION, 'Duration: SECONDS')
    .replace(TIME, 'TIME')
    .replace(UUID, 'UUID');
  for (const [path, name] of names) normal = normal.replaceAll(path, name);
  return normal.replace(/[ \t]+$/gm, '');
}

/**
 * For golden files of `preview --diff`: resources are looked at side by side, so their blocks are
 * sorted; diagnostics come sorted by the resource that they are about.
 */
export function sortedBlocks(text: string): string {
  const [head = '', ...tail] = text.split(/^(?=Diagnostics:|Outputs:|Resources:)/m);
  const [title = '', ...blocks] = head.split(/^(?=\S| {4}\S.*: \([a-z-]+\)$)/m);
  return [title, ...blocks.sort(), ...tail].join('');
}
