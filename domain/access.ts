/** The one place that answers who may publish and subscribe where, and why. */
export {
  mayPublish,
  maySubscribe,
  refusalReason,
  type AccessQuestion,
  type Operation,
} from './access/decision.ts';
export { explain, printExplanation, type Explanation } from './access/explanation.ts';
export {
  impactOf,
  type AccessChange,
  type ClientShare,
  type ConnectionChange,
  type Impact,
} from './access/impact.ts';
export { clientsOf, describeAccess, firstNames, topicsOf } from './access/impact-words.ts';
export {
  buildPolicy,
  isEqualJson,
  isEqualList,
  type ClientAccess,
  type Grant,
  type Policy,
} from './access/policy.ts';
