/** Changes of what is declared, in words for who makes them. */
import type { Permission, SubscriptionSupport } from '../resources.ts';

/** One change of one object. */
export type Change =
  | { readonly change: 'EnableClient'; readonly client: string }
  | {
      readonly change: 'AddTopicTemplate';
      readonly topicSpace: string;
      readonly topicTemplate: string;
    }
  | {
      readonly change: 'AddTopicSpace';
      readonly topicSpace: string;
      readonly topicTemplate: string;
      readonly subscriptionSupport: SubscriptionSupport;
    }
  | { readonly change: 'AddClientGroup'; readonly clientGroup: string; readonly query: string }
  | {
      readonly change: 'WidenClientGroup';
      readonly clientGroup: string;
      /** The group's new one. */
      readonly query: string;
      /** By which the group permits it. */
      readonly binding: string;
    }
  | {
      readonly change: 'AddPermissionBinding';
      readonly clientGroup: string;
      readonly topicSpace: string;
      readonly permission: Permission;
    };

/** In full, unlike quote(): what is shown here is copied into a manifest. */
function literal(text: string): string {
  return JSON.stringify(text);
}

function printChange(step: Change): string {
  switch (step.change) {
    case 'EnableClient':
      return `set spec.state of the Client ${literal(step.client)} to Enabled`;
    case 'AddTopicTemplate':
      return (
        `add the topic template ${literal(step.topicTemplate)} to the TopicSpace ` +
        literal(step.topicSpace)
      );
    case 'AddTopicSpace':
      return (
        `declare a TopicSpace ${literal(step.topicSpace)} with the topic template ` +
        `${literal(step.topicTemplate)} and subscriptionSupport ${step.subscriptionSupport}`
      );
    case 'AddClientGroup':
      return (
        `declare a ClientGroup ${literal(step.clientGroup)} with the query ` + literal(step.query)
      );
    case 'WidenClientGroup':
      return (
        `make the client a member of the ClientGroup ${literal(step.clientGroup)}, by its ` +
        `attributes or by the query ${literal(step.query)}: the binding ` +
        `${literal(step.binding)} permits it`
      );
    case 'AddPermissionBinding':
      return (
        `add a PermissionBinding with clientGroupName ${literal(step.clientGroup)}, ` +
        `topicSpaceName ${literal(step.topicSpace)} and permission ${step.permission}`
      );
  }
}

/** Changes that are made together. */
export function printChanges(changes: readonly Change[]): string {
  return changes.map(printChange).join(', and ');
}
