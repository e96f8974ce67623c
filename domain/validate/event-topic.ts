import type { ResourceOf } from '../resources.ts';
import { success } from '../result.ts';
import { objectOf, oneOf, TEXT } from './shape.ts';
import { shapeFault, type Validated } from './validation.ts';

export interface ValidEventTopic {
  readonly location: string | undefined;
}

const SHAPE = objectOf(
  {},
  { inputSchema: oneOf(['CloudEventSchemaV1_0']), location: TEXT, description: TEXT },
);

export function validateEventTopic(resource: ResourceOf<'EventTopic'>): Validated<ValidEventTopic> {
  const malformed = shapeFault(SHAPE, resource.spec);
  return malformed ?? success({ location: resource.spec.location });
}
