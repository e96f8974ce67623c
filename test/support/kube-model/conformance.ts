/** What the operator relies on an API server for. The model answers as a real one does. */
import { APPLIES } from './cases/applies.ts';
import { DELETIONS } from './cases/deletions.ts';
import { READS } from './cases/reads.ts';
import type { ConformanceCases } from './cases/world.ts';
import { WRITES } from './cases/writes.ts';

export { NAMESPACES, type ConformanceWorld } from './cases/world.ts';

/** The last one may restart the server. */
export const CONFORMANCE_CASES: ConformanceCases = {
  ...WRITES,
  ...APPLIES,
  ...DELETIONS,
  ...READS,
};
