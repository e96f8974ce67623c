/**
 * YAML text as values with positions. A file is cut at its document markers, so that a change of
 * one document costs the parsing of that one, and syntax trees are dropped and made again for the
 * few fields that somebody must be pointed to: 10,000 trees would not fit.
 */
import {
  LineCounter,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
  visit,
} from 'yaml';
import type { Document, Pair, Scalar } from 'yaml';
import { quote } from '../domain/text.ts';
import type { FieldPath, Violation } from '../domain/violation.ts';
import { YAML_ALIASES_MAX } from './manifest-bounds.ts';

/** Counted from 1, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A part of a file: text that begins at a document marker, or at the file's beginning. */
export interface DocumentText {
  readonly text: string;
  /** The line of the file on which it begins, from 1. */
  readonly line: number;
}

export type ParsedDocument =
  | {
      readonly state: 'Parsed';
      /** As JSON would hold it; `null` for an empty document. */
      readonly value: unknown;
      /** What another reader of YAML would understand differently. */
      readonly violations: readonly Violation[];
    }
  | {
      readonly state: 'Unparseable';
      /** Within the text. */
      readonly position: Position;
      readonly violation: Violation;
    };

const MARKER = /^---(?:[ \t\r]|$)/;

/**
 * A line that begins with `---` is a marker wherever it stands (YAML 1.2.2, section 9.1.2), so
 * cutting there is safe; a directive (`%YAML`) belongs to the marker after it, so then nothing
 * is cut.
 */
export function splitDocuments(text: string): DocumentText[] {
  const lines = text.split('\n');
  if (lines.some((line) => line.startsWith('%'))) return [{ text, line: 1 }];
  const starts = lines.flatMap((line, index) => (index > 0 && MARKER.test(line) ? [index] : []));
  const bounds = [0, ...starts, lines.length];
  return bounds.slice(0, -1).map((start, index) => ({
    text: lines.slice(start, bounds[index + 1]).join('\n'),
    line: start + 1,
  }));
}

interface Tree {
  readonly documents: readonly Document[];
  readonly lineCounter: LineCounter;
}

function parseTree(text: string): Tree {
  const lineCounter = new LineCounter();
  // `kubectl` merges `<<` too.
  const options = { lineCounter, merge: true, prettyErrors: false, logLevel: 'silent' } as const;
  const documents = parseAllDocuments(text, options);
  return { documents: Array.isArray(documents) ? documents : [], lineCounter };
}

function positionAt(lineCounter: LineCounter, offset: number): Position {
  const { line, col } = lineCounter.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** The words that YAML 1.1, which `kubectl` reads, takes for true and false. */
const YAML_1_1_BOOLEAN = /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$/;

function isAmbiguous(scalar: Scalar): boolean {
  return (
    scalar.type === 'PLAIN' &&
    typeof scalar.value === 'string' &&
    YAML_1_1_BOOLEAN.test(scalar.value)
  );
}

function stepOf(parent: unknown, child: unknown): FieldPath {
  if (isPair(parent)) return isScalar(parent.key) ? [String(parent.key.value)] : [];
  return isSeq(parent) ? [parent.items.indexOf(child)] : [];
}

/** The words that `kubectl` would make booleans of, and then be refused. */
function ambiguities(document: Document): Violation[] {
  const violations: Violation[] = [];
  visit(document, {
    Scalar: (_key, scalar, ancestors) => {
      if (!isAmbiguous(scalar)) return;
      const word = String(scalar.value);
      const nodes = [...ancestors, scalar];
      violations.push({
        field: nodes.slice(1).flatMap((node, index) => stepOf(nodes[index], node)),
        reason: 'InvalidShape',
        message: `${word} without quotes is a boolean to kubectl, which reads YAML 1.1`,
        remedy: `write ${quote(word)}`,
      });
    },
  });
  return violations;
}

const REMEDIES = new Map<string, string>([
  ['DUPLICATE_KEY', 'keep one of the two keys'],
  ['RESOURCE_EXHAUSTION', 'nest less deeply'],
  ['TAB_AS_INDENT', 'indent with spaces'],
]);

function unparseable(position: Position, message: string, remedy: string): ParsedDocument {
  const violation: Violation = { field: [], reason: 'InvalidShape', message, remedy };
  return { state: 'Unparseable', position, violation };
}

function parsedDocument(document: Document, lineCounter: LineCounter): ParsedDocument {
  // The first tells; those after it are mostly its consequences.
  const error = document.errors[0] ?? document.warnings[0];
  if (error !== undefined) {
    return unparseable(
      positionAt(lineCounter, error.pos[0]),
      `this is not YAML: ${error.message.replace(/\s+/g, ' ').trim()}`,
      REMEDIES.get(error.code) ?? 'correct the syntax at this place',
    );
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: YAML_ALIASES_MAX });
    return { state: 'Parsed', value, violations: ambiguities(document) };
  } catch (failed) {
    // `yaml` throws for an alias without its anchor, and where aliases multiply.
    const why = failed instanceof Error ? failed.message : String(failed);
    return unparseable(
      positionAt(lineCounter, document.range?.[0] ?? 0),
      `an alias of this document cannot be resolved (at most ${YAML_ALIASES_MAX} may be): ${why}`,
      'write the values out',
    );
  }
}

export function parseDocuments(text: string): ParsedDocument[] {
  const { documents, lineCounter } = parseTree(text);
  return documents.map((document) => parsedDocument(document, lineCounter));
}

/** What stands at one step below a node, and the place that shows it: its key, or the item. */
interface Entry {
  readonly place: unknown;
  readonly value: unknown;
}

function entryOf(node: unknown, step: string | number): Entry | undefined {
  if (isMap(node)) {
    const isIt = (pair: Pair): boolean => isScalar(pair.key) && String(pair.key.value) === step;
    const pair = node.items.find(isIt);
    return pair === undefined ? undefined : { place: pair.key, value: pair.value };
  }
  if (!isSeq(node) || typeof step !== 'number' || step >= node.items.length) return undefined;
  const item = node.items[step];
  return { place: item, value: item };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Where the field is declared, or the nearest one around it that is. */
function offsetOf(document: Document, path: FieldPath): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    const entry = entryOf(isAlias(node) ? node.resolve(document) : node, step);
    if (entry === undefined) return offset;
    offset = startOf(entry.place) ?? offset;
    node = entry.value;
  }
  return offset;
}

export type Locate = (text: string, documentIndex: number, path: FieldPath) => Position;

/** Keeps the last text's tree, since what is asked of one text is asked in a row. */
export function createLocator(): Locate {
  let last: { readonly text: string; readonly tree: Tree } | undefined;
  return (text, documentIndex, path) => {
    if (last?.text !== text) last = { text, tree: parseTree(text) };
    const { documents, lineCounter } = last.tree;
    const document = documents[documentIndex];
    if (document === undefined) return { line: 1, column: 1 };
    return positionAt(lineCounter, offsetOf(document, path));
  };
}
