/** Values that Pulumi does not know yet when it previews: outputs of what is not there. */
import type { FieldPath } from '../../domain/violation.ts';
import { isRecord } from '../../domain/validate/shape.ts';

/** What stands for one, by the type that it will have: pulumi/sdk, resource/plugin/rpc.go. */
export const UNKNOWN_STRING = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
const UNKNOWN: ReadonlySet<unknown> = new Set([
  UNKNOWN_STRING,
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
]);

export function isUnknown(value: unknown): boolean {
  return UNKNOWN.has(value);
}

/** Where they are in a value. */
export function unknownPaths(value: unknown, path: FieldPath = []): FieldPath[] {
  if (isUnknown(value)) return [path];
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => unknownPaths(item, [...path, index]));
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([field, item]) => unknownPaths(item, [...path, field]));
}

/** Whether what is said of a field may be different once the values are known. */
export function mayDependOn(paths: readonly FieldPath[], field: FieldPath): boolean {
  return paths.some((path) => {
    const [shorter, longer] = path.length < field.length ? [path, field] : [field, path];
    return shorter.every((step, index) => step === longer[index]);
  });
}
