/**
 * Bugs of classes that controllers are known to have (Sieve, Acto, and others' issues), as changes
 * of our source. The suite is worth what it finds of them.
 */
export interface Edit {
  /** Below the root. */
  readonly file: string;
  readonly replace: string;
  readonly by: string;
}

export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Where it is looked for: names of a workload and of a family, or of neither. */
  readonly workload?: string;
  readonly family?: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a watch that lost its place does not list anew',
    workload: 'permissions are edited',
    family: 'watches fail',
    edits: [
      {
        file: 'kube/informer.ts',
        replace: 'if (isGone(error)) this.#position = undefined;',
        by: '',
      },
    ],
  },
  {
    name: 'a watch does not go on where it was',
    edits: [
      {
        file: 'kube/informer.ts',
        replace: 'this.#position = object.metadata.resourceVersion ?? this.#position;',
        by: '',
      },
    ],
  },
  {
    name: 'a reconcile that failed is not tried again',
    workload: 'a scenario is declared',
    family: 'calls fail',
    edits: [{ file: 'operator/kube/work-queue.ts', replace: 'this.#retry(entry, error);', by: '' }],
  },
  {
    name: 'a status whose write failed is not written again',
    workload: 'permissions are edited',
    family: 'calls fail',
    edits: [
      {
        file: 'operator/namespace/status-writer.ts',
        replace: 'if (!this.#stopped) onFailed(key);',
        by: '',
      },
    ],
  },
  {
    name: 'a status is for whatever state there is',
    family: 'the Lease is stolen',
    edits: [
      {
        file: 'operator/namespace/status-writer.ts',
        replace: 'return { metadata: { resourceVersion }, status:',
        by: 'return { status:',
      },
    ],
  },
  {
    name: 'statuses follow from events, not from how things stand',
    edits: [
      {
        file: 'operator/namespace/status-teller.ts',
        replace: 'if (isTold(declared, standing)) return;',
        by:
          'if (declared.told !== undefined) return; ' +
          'declared.told = { status: undefined, ...standing };',
      },
    ],
  },
  {
    name: 'an object is told to be programmed before a broker has acknowledged it',
    edits: [
      {
        file: 'operator/namespace/programmed.ts',
        replace: 'if (common === undefined) return;',
        by:
          'for (const tracked of this.#tracked.values()) tracked.version = undefined; ' +
          'if (!common) return;',
      },
    ],
  },
  {
    name: 'a generation is observed only where it is good',
    edits: [
      {
        file: 'operator/namespace/status.ts',
        replace:
          'const status = { observedGeneration: generation, conditions, ...standing.fields };',
        by:
          'const isGood = standing.verdict.faults.length === 0; ' +
          'const observedGeneration = isGood ? generation : (said.observedGeneration ?? -1); ' +
          'const status = { observedGeneration, conditions, ...standing.fields };',
      },
    ],
  },
  {
    name: 'a compilation outlives what it was of',
    edits: [
      {
        file: 'operator/namespace/compilations.ts',
        replace: 'if (compiled !== undefined) compiled.outdated = true;',
        by: '',
      },
    ],
  },
  {
    name: 'versions do not rise with the leader',
    family: 'the operator ends at any write',
    workload: 'permissions are edited',
    edits: [
      {
        file: 'operator/operator.ts',
        replace: 'this.publications.lead(epoch);\n    this.#term',
        by: 'this.publications.lead(0);\n    this.#term',
      },
      {
        file: 'operator/operator.ts',
        replace: 'this.#election.raiseEpoch(epoch)',
        by: 'void epoch',
      },
    ],
  },
  {
    name: 'a leader that lost its Lease writes on',
    workload: 'a scenario is declared',
    family: 'the Lease is stolen',
    edits: [
      {
        file: 'operator/kube/fenced-api.ts',
        replace: 'if (!this.#isLeading()) {',
        by: 'if (this.#isLeading === undefined) {',
      },
    ],
  },
  {
    name: 'a new leader waits for something to happen',
    edits: [
      { file: 'operator/operator.ts', replace: 'this.#term.add(this.world.keys());', by: '' },
    ],
  },
  {
    name: 'the Lease is taken without looking who has it',
    workload: 'a scenario is declared',
    family: 'the Lease is stolen',
    edits: [
      {
        file: 'operator/kube/leader-election.ts',
        replace: 'return nowMs - atMs >= durationMs;',
        by: 'return true;',
      },
    ],
  },
  {
    name: 'a pod is deleted by its name alone',
    workload: 'a volume that cannot bind is mended',
    edits: [
      {
        file: 'operator/namespace/workload/pods.ts',
        replace: 'return api.delete(PODS, { namespace, name }, { uid });',
        by: 'return api.delete(PODS, { namespace, name }, {});',
      },
    ],
  },
  {
    name: 'the volume of a namesake that was deleted is inherited',
    workload: 'the MqttNamespace is replaced at once',
    family: 'the operator ends at any write',
    edits: [
      {
        file: 'operator/namespace/workload/volumes.ts',
        replace: 'if (others.some(({ kind }) => kind === reference.kind)) continue;',
        by: '',
      },
    ],
  },
  {
    name: "volumes are made nobody's",
    workload: 'everything is deleted, the members first',
    family: 'the operator ends at any write',
    edits: [
      {
        file: 'operator/namespace/workload/stateful-set.ts',
        replace: '...(ownsClaims && { ownerReferences: [ownerReference(owner)] }),',
        by: '',
      },
    ],
  },
  {
    name: 'a StatefulSet is made anew with its pods',
    workload: 'what Kubernetes lets nobody change is changed',
    edits: [
      {
        file: 'operator/namespace/workload/stateful-sets.ts',
        replace: 'await holdPods(keeper, subject, live);',
        by: '',
      },
    ],
  },
  {
    name: 'pods are orphaned while a StatefulSet is made anew',
    workload: 'the MqttNamespace and the operator go while a StatefulSet is made anew',
    edits: [
      {
        file: 'operator/namespace/workload/stateful-sets.ts',
        replace: "propagationPolicy: 'Background'",
        by: "propagationPolicy: 'Orphan'",
      },
      {
        file: 'operator/namespace/workload/held-pods.ts',
        replace: 'await own(access, pod, [held]);',
        by:
          'await own(access, pod, ' +
          '[{ ...held, controller: false }, ...(controller ? [controller] : [])]);',
      },
    ],
  },
  {
    name: 'pods are held for ever',
    workload: 'what Kubernetes lets nobody change is changed',
    edits: [
      {
        file: 'operator/namespace/workload/stateful-sets.ts',
        replace: 'await releasePods(keeper, input);',
        by: '',
      },
    ],
  },
  {
    name: 'what belongs to a namesake that was deleted is taken for ours',
    workload: 'the MqttNamespace is replaced at once',
    edits: [
      {
        file: 'operator/namespace/workload/labels.ts',
        replace: 'return isLabelled && references.length === 0;',
        by: 'return isLabelled;',
      },
    ],
  },
  {
    name: 'a namesake is taken for the object that was deleted',
    workload: 'members are deleted and declared anew',
    edits: [
      {
        file: 'operator/namespace/world.ts',
        replace: 'if (known.uid !== fresh.uid) {',
        by: 'if (known.uid === "") {',
      },
      {
        file: 'kube/object-cache.ts',
        replace: 'if (before !== undefined && before.metadata.uid !== after.metadata.uid) {',
        by: 'if (before === after) {',
      },
    ],
  },
  {
    name: 'a condition is since now, whatever its status was',
    workload: 'permissions are edited',
    edits: [
      {
        file: 'operator/namespace/status.ts',
        replace: 'before?.status === condition.status ? before.lastTransitionTime : undefined',
        by: 'undefined',
      },
      {
        file: 'operator/namespace/status-writer.ts',
        replace: 'if (before?.status !== condition.status) return condition;',
        by: 'return condition;',
      },
    ],
  },
  {
    name: 'objects are made for a MqttNamespace that is gone',
    workload: 'the MqttNamespace is deleted first, and declared anew',
    family: 'watches fail',
    edits: [
      {
        file: 'operator/namespace/workload/applier.ts',
        replace: 'if (found?.metadata.uid !== owner.uid) return false;',
        by: 'if (found === undefined) return true;',
      },
    ],
  },
  {
    name: 'events are told of as if somebody still routed',
    workload: 'nobody routes any more',
    edits: [
      {
        file: 'operator/namespace/reconciler.ts',
        replace: 'if (routes || state.routes)',
        by: 'if (routes)',
      },
    ],
  },
  {
    name: 'pods are not told of other Secrets of their destinations',
    workload: 'the Secret of a destination goes, and another one comes',
    edits: [
      {
        file: 'operator/namespace/workload/destination-secrets-keeper.ts',
        replace: 'if (annotations?.[DESTINATIONS_ANNOTATION] === version) continue;',
        by: 'if (annotations?.[DESTINATIONS_ANNOTATION] !== undefined) continue;',
      },
    ],
  },
  {
    name: 'a Secret of a destination is read once',
    workload: 'the Secret of a destination goes, and another one comes',
    edits: [
      {
        file: 'operator/namespace/workload/destination-secrets-keeper.ts',
        replace: 'new TimedMemory(options.clock, READ_AGAIN_MS)',
        by: 'new TimedMemory(options.clock, Infinity)',
      },
    ],
  },
];
