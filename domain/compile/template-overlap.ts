/** Specification, "Topic templates Overlap". */
import { OverlapIndex } from '../overlap-index.ts';
import { findOverlap } from '../overlap.ts';
import { quote } from '../text.ts';
import type { ValidTopicSpace } from '../validate/topic-space.ts';
import type { Violation } from '../violation.ts';
import { printElder, type Candidate, type Objection } from './peers.ts';

export type TopicSpaceCandidate = Candidate<'TopicSpace', ValidTopicSpace>;

/**
 * The first overlap of a topic space with those admitted before it. Only spaces that allow
 * subscribing are compared; templates of one space may overlap each other.
 */
export function findTemplateOverlap(
  candidate: TopicSpaceCandidate,
  admitted: readonly TopicSpaceCandidate[],
): Violation | undefined {
  if (!allowsSubscribing(candidate)) return undefined;
  for (const other of admitted.filter(allowsSubscribing)) {
    const violation = overlapWith(candidate, other);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/**
 * The same for many topic spaces, one after the other, each beside those admitted before it. Where
 * limits are at their ceiling, comparing all pairs of templates would be 5,000,000,000 comparisons.
 */
export function templateOverlaps(): Objection<TopicSpaceCandidate> {
  const index = new OverlapIndex();
  let indexed = 0;
  return (candidate, admitted) => {
    for (; indexed < admitted.length; indexed++) {
      const other = admitted[indexed]!;
      if (!allowsSubscribing(other)) continue;
      for (const template of other.value?.templates ?? []) index.add(template, indexed);
    }
    if (!allowsSubscribing(candidate)) return undefined;
    const found = (candidate.value?.templates ?? []).map((each) => index.first(each) ?? Infinity);
    const other = admitted[Math.min(...found)];
    return other && overlapWith(candidate, other);
  };
}

function allowsSubscribing({ resource }: TopicSpaceCandidate): boolean {
  return resource.spec.subscriptionSupport !== 'NotSupported';
}

function overlapWith(
  candidate: TopicSpaceCandidate,
  other: TopicSpaceCandidate,
): Violation | undefined {
  for (const [index, template] of (candidate.value?.templates ?? []).entries()) {
    for (const otherTemplate of other.value?.templates ?? []) {
      const witness = findOverlap(template, otherTemplate);
      if (witness === undefined) continue;
      return {
        field: ['spec', 'topicTemplates', index],
        reason: 'TemplateOverlap',
        message:
          `${quote(template.text)} overlaps ${quote(otherTemplate.text)} of ` +
          `${printElder(other, candidate)}: the topic ${quote(witness)} ` +
          'matches both',
        remedy:
          'narrow one of the two, put both templates in one topic space, or declare a space that ' +
          'is for publishing only anew with subscriptionSupport NotSupported',
      };
    }
  }
  return undefined;
}
