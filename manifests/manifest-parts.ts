/** The texts of manifest files as objects with their places; a text is read once. */
import { printFieldPath } from '../domain/violation.ts';
import type { FieldPath, Violation } from '../domain/violation.ts';
import { declarationsOf } from './declarations.ts';
import type { Declarations, DeclaredObject, Stray } from './declarations.ts';
import { createLocator, splitDocuments } from './yaml-documents.ts';
import type { DocumentText, Position } from './yaml-documents.ts';

/** A declared object and the text that declares it. */
export interface PlacedObject {
  readonly declared: DeclaredObject;
  /** Name of the file within the folder. */
  readonly file: string;
  readonly part: DocumentText;
}

export interface PlacedStray {
  readonly position: Position;
  readonly violation: Violation;
}

export interface FileParts {
  readonly objects: readonly PlacedObject[];
  readonly strays: readonly PlacedStray[];
  readonly notices: readonly string[];
  /** False: a part could not be read. */
  readonly complete: boolean;
}

export interface PartReader {
  /** What the file declares. */
  read(file: string, text: string): FileParts;
  locate(object: PlacedObject, field: FieldPath): Position;
  /** Forgets the texts that were not read since the last call: bounds what is remembered. */
  sweep(): void;
}

function inFile(part: DocumentText, position: Position): Position {
  return { line: position.line + part.line - 1, column: position.column };
}

export function createPartReader(): PartReader {
  let known = new Map<string, Declarations>();
  let used = new Map<string, Declarations>();
  const locate = createLocator();
  // An object that stays as it is has its violations located once, however often all is judged.
  const located = new WeakMap<DeclaredObject, Map<string, Position>>();

  const recall = (text: string): Declarations => {
    const declarations = used.get(text) ?? known.get(text) ?? declarationsOf(text);
    used.set(text, declarations);
    return declarations;
  };
  const placeStray = (part: DocumentText, stray: Stray): PlacedStray => {
    const { position, documentIndex, violation } = stray;
    const place = position ?? locate(part.text, documentIndex, violation.field);
    return { position: inFile(part, place), violation };
  };

  return {
    read: (file, text) => {
      const parts = splitDocuments(text).map((part) => ({ part, found: recall(part.text) }));
      return {
        objects: parts.flatMap(({ part, found }) =>
          found.objects.map((declared) => ({ declared, file, part })),
        ),
        strays: parts.flatMap(({ part, found }) =>
          found.strays.map((stray) => placeStray(part, stray)),
        ),
        notices: parts.flatMap(({ found }) => found.notices),
        complete: parts.every(({ found }) => found.complete),
      };
    },
    locate: ({ declared, part }, field) => {
      const places = located.get(declared) ?? new Map<string, Position>();
      located.set(declared, places);
      const name = printFieldPath(field);
      const path = [...declared.root, ...field];
      const place = places.get(name) ?? locate(part.text, declared.documentIndex, path);
      places.set(name, place);
      return inFile(part, place);
    },
    sweep: () => {
      known = used;
      used = new Map();
    },
  };
}
