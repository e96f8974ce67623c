/** Which events an EventSubscription delivers, prepared once and asked for each event. */
import { conditionsOf, valueAt, type Condition } from './conditions.ts';
import type { EventFilter } from './event-filter.ts';

export interface FilterableEvent {
  /** Of any attribute, `subject` and `type` included; the name is in lower case. */
  attribute(name: string): string | number | boolean | undefined;
  /** The data as JSON has it; undefined where it is binary or there is none. */
  data(): unknown;
}

export type EventMatcher = (event: FilterableEvent) => boolean;

/** The filter is valid: `validate/event-filter.ts`. */
export function compileFilter(filter: EventFilter): EventMatcher {
  const ofAttributes: { name: string; holds: Condition['holds'] }[] = [];
  const ofData: { path: readonly string[]; holds: Condition['holds'] }[] = [];
  for (const { key, holds } of conditionsOf(filter)) {
    if (key.type === 'Data') ofData.push({ path: key.path, holds });
    else ofAttributes.push({ name: key.name, holds });
  }
  return (event) => {
    for (const { name, holds } of ofAttributes) if (!holds(event.attribute(name))) return false;
    // Parsing the data costs more than all the rest: it is last, and once for all conditions.
    if (ofData.length === 0) return true;
    const data = event.data();
    for (const { path, holds } of ofData) if (!holds(valueAt(data, path))) return false;
    return true;
  };
}
