import { kubectl, OPERATOR_NAMESPACE } from './cluster.ts';

/** What a Kubernetes namespace has from the cluster itself, and what tells of the past. */
const FROM_CLUSTER = /^(?:configmap\/kube-root-ca\.crt|serviceaccount\/default|event[./].*)$/;

async function names(...parameters: readonly string[]): Promise<readonly string[]> {
  const text = await kubectl('get', ...parameters, '-o', 'name', '--ignore-not-found');
  return text.split('\n').filter((name) => name !== '' && !FROM_CLUSTER.test(name));
}

async function types(namespaced: boolean): Promise<string> {
  const text = await kubectl(
    ...['api-resources', '--verbs=list', `--namespaced=${namespaced}`, '-o', 'name'],
  );
  return text.trim().split('\n').join(',');
}

/** Every object of mqttgrid's in the cluster, and everything in these Kubernetes namespaces. */
export async function leftovers(...namespaces: readonly string[]): Promise<readonly string[]> {
  const ofCluster = (await names(await types(false))).filter((name) => name.includes('mqttgrid'));
  const namespaced = await types(true);
  const found: string[] = [...ofCluster];
  for (const namespace of [...namespaces, OPERATOR_NAMESPACE]) {
    found.push(...(await names(namespaced, '-n', namespace)));
  }
  return found;
}
