import type { OutboxOverflow, ResourceOf } from '../resources.ts';
import { success } from '../result.ts';
import { objectOf, oneOf, TEXT } from './shape.ts';
import { shapeFault, type Validated } from './validation.ts';

export interface ValidEventTopic {
  readonly location: string | undefined;
  readonly outboxOverflow: OutboxOverflow;
}

const SHAPE = objectOf(
  {},
  {
    inputSchema: oneOf(['CloudEventSchemaV1_0']),
    location: TEXT,
    outboxOverflow: oneOf(['DropOldest', 'RejectPublish']),
    description: TEXT,
  },
);

export function validateEventTopic(resource: ResourceOf<'EventTopic'>): Validated<ValidEventTopic> {
  const malformed = shapeFault(SHAPE, resource.spec);
  if (malformed !== undefined) return malformed;
  const { location, outboxOverflow = 'DropOldest' } = resource.spec;
  return success({ location, outboxOverflow });
}
