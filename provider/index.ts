/** mqttgrid for Pulumi programs. */
export { CaCertificate, type CaCertificateArgs } from './resources/ca-certificate.ts';
export { Client, type ClientArgs } from './resources/client.ts';
export { ClientGroup, type ClientGroupArgs } from './resources/client-group.ts';
export { EventSubscription, type EventSubscriptionArgs } from './resources/event-subscription.ts';
export { EventTopic, type EventTopicArgs } from './resources/event-topic.ts';
export {
  MqttNamespace,
  type Endpoint,
  type MqttNamespaceArgs,
} from './resources/mqtt-namespace.ts';
export { PermissionBinding, type PermissionBindingArgs } from './resources/permission-binding.ts';
export { TopicSpace, type TopicSpaceArgs } from './resources/topic-space.ts';
export {
  GridResource,
  type GridResourceArgs,
  type Metadata,
  type MetadataArgs,
} from './resources/grid-resource.ts';
export type { ClusterTarget, DirectoryTarget, Target } from './target-arguments.ts';
