/** Which template came closest to a topic that none covers, and where it parted from it. */
import { quote } from '../text.ts';
import { leadingLevelsMatched, printBoundTemplate, type BoundTemplate } from '../topic-template.ts';

export interface NearMiss {
  /** Its place among the templates that were compared. */
  readonly index: number;
  readonly template: BoundTemplate;
  /** Of the topic or topic filter. */
  readonly levels: readonly string[];
  /** How many of them the template covers from the left. */
  readonly covered: number;
}

/** The template that covers the most leading levels; of several, the first. */
export function findNearest(
  templates: readonly BoundTemplate[],
  levels: readonly string[],
): NearMiss | undefined {
  let nearest: NearMiss | undefined;
  for (const [index, template] of templates.entries()) {
    const covered = leadingLevelsMatched(template, levels);
    if (nearest !== undefined && nearest.covered >= covered) continue;
    nearest = { index, template, levels, covered };
  }
  return nearest;
}

/** `"vehicles/car1/GPS", which does not cover level 2, "car2"`. */
export function describeMiss({ template, levels, covered }: NearMiss): string {
  const text = quote(printBoundTemplate(template));
  const unfilled = [...template.variables].find(([, { values }]) => values.length === 0)?.[0];
  if (unfilled !== undefined) {
    const variable = quote(`\${${unfilled}}`);
    return `${text}, which covers nothing: this client has no usable value for ${variable}`;
  }
  const level = levels[covered];
  if (level === undefined) return `${text}, which asks for more than ${levels.length} levels`;
  if (covered === template.levels.length) {
    return `${text}, which ends before level ${covered + 1}, ${quote(level)}`;
  }
  return `${text}, which does not cover level ${covered + 1}, ${quote(level)}`;
}
