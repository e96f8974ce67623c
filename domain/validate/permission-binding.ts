import { nameOf, type ResourceOf } from '../resources.ts';
import { failure, success } from '../result.ts';
import type { SnapshotPermissionBinding } from '../snapshot.ts';
import { objectOf, oneOf, REFERENCE, TEXT } from './shape.ts';
import { NAME_AND_DESCRIPTION, nameViolations, shapeFault, type Validated } from './validation.ts';

const SHAPE = objectOf(
  {
    namespaceRef: REFERENCE,
    clientGroupName: TEXT,
    topicSpaceName: TEXT,
    permission: oneOf(['Publisher', 'Subscriber']),
  },
  NAME_AND_DESCRIPTION,
);

export function validatePermissionBinding(
  resource: ResourceOf<'PermissionBinding'>,
): Validated<SnapshotPermissionBinding> {
  const malformed = shapeFault(SHAPE, resource.spec);
  if (malformed !== undefined) return malformed;
  const violations = nameViolations(resource);
  if (violations.length > 0) return failure(violations);
  const { clientGroupName, topicSpaceName, permission } = resource.spec;
  return success({ name: nameOf(resource), clientGroupName, topicSpaceName, permission });
}
