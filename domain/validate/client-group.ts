import { parseGroupQuery } from '../group-query/group-query.ts';
import { nameOf, type ResourceOf } from '../resources.ts';
import { failure, success } from '../result.ts';
import type { SnapshotClientGroup } from '../snapshot.ts';
import { objectOf, REFERENCE, TEXT } from './shape.ts';
import {
  NAME_AND_DESCRIPTION,
  nameViolations,
  shapeFault,
  textViolation,
  type Validated,
} from './validation.ts';

const SHAPE = objectOf({ namespaceRef: REFERENCE, query: TEXT }, NAME_AND_DESCRIPTION);

export function validateClientGroup(
  resource: ResourceOf<'ClientGroup'>,
): Validated<SnapshotClientGroup> {
  const malformed = shapeFault(SHAPE, resource.spec);
  if (malformed !== undefined) return malformed;
  const violations = [...nameViolations(resource)];
  const query = parseGroupQuery(resource.spec.query);
  if (!query.ok) violations.push(textViolation(['spec', 'query'], 'InvalidQuery', query.fault));
  if (violations.length > 0) return failure(violations);
  return success({ name: nameOf(resource), query: resource.spec.query });
}
