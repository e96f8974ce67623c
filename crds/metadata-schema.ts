/**
 * `metadata` as the API server checks it: Kubernetes, "Object Names and IDs" and ObjectMeta of
 * meta/v1. A CRD cannot say it. What a server writes may stand in a manifest and means nothing.
 */
export const DNS_SUBDOMAIN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
export const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

/** Tools write empty maps and times as null, and the API server takes them as absent. */
const STRINGS_OR_NULL = { type: ['object', 'null'], additionalProperties: { type: 'string' } };

export const METADATA_SCHEMA = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 253, pattern: DNS_SUBDOMAIN },
    namespace: { type: 'string', minLength: 1, maxLength: 63, pattern: DNS_LABEL },
    labels: STRINGS_OR_NULL,
    annotations: STRINGS_OR_NULL,
    creationTimestamp: {},
    deletionGracePeriodSeconds: {},
    deletionTimestamp: {},
    finalizers: {},
    generateName: {},
    generation: {},
    managedFields: {},
    ownerReferences: {},
    resourceVersion: {},
    selfLink: {},
    uid: {},
  },
};
