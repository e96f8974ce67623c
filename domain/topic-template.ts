/**
 * Topic templates: topic filters with variables for which each client's own values stand;
 * specification, "Topic template". A level is what the specification calls a segment.
 */
import type { AttributeValue } from './resources.ts';

export { parseTopicTemplate, printTopicTemplate } from './topic-template-syntax.ts';
export {
  bindTemplate,
  boundTemplateContains,
  boundTemplateMatches,
  templateMayFit,
  filtersOfBoundTemplate,
  leadingLevelsMatched,
  printBoundTemplate,
} from './topic-template-binding.ts';
export type { BoundTemplate } from './topic-template-binding.ts';

export interface ClientIdentity {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** `position` counts from 0 in UTF-16 code units of the template's text. */
export interface TemplateFault {
  readonly position: number;
  readonly message: string;
  readonly remedy: string;
}

export interface LiteralPart {
  readonly type: 'Literal';
  readonly text: string;
}

export type Variable =
  { readonly type: 'ClientName' } | { readonly type: 'ClientAttribute'; readonly key: string };

export type TemplatePart = LiteralPart | Variable;

export type TemplateLevel =
  | LiteralPart
  | { readonly type: 'SingleLevelWildcard' }
  | { readonly type: 'MultiLevelWildcard' }
  /** At least one variable; literal texts are not empty and never stand side by side. */
  | { readonly type: 'Pattern'; readonly parts: readonly TemplatePart[] };

export interface TopicTemplate {
  /** As it was declared. */
  readonly text: string;
  readonly levels: readonly TemplateLevel[];
}
