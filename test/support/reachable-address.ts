/** Where pods of a cluster reach this machine. */
import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import { list } from './cluster.ts';
import type { ClusterObject } from './cluster.ts';

interface KubeNode extends ClusterObject {
  readonly status: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  };
}

/**
 * The machine's own address in the network of a node: it is that node, or the node is a container
 * or a virtual machine on it.
 * @throws where there is none, as on a cluster far away
 */
export async function reachableAddress(): Promise<string> {
  const nodes = await list<KubeNode>('nodes');
  const nodeAddresses = nodes.flatMap(({ status }) =>
    (status.addresses ?? []).filter(({ type }) => type === 'InternalIP'),
  );
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = own.find(({ family, address, cidr }) => {
    if (family !== 'IPv4') return false;
    const network = new BlockList();
    network.addSubnet(address, Number(cidr?.split('/')[1] ?? 32));
    return nodeAddresses.some((node) => network.check(node.address));
  });
  if (found !== undefined) return found.address;
  throw new Error(
    `no address of this machine is in a network of the nodes (${nodeAddresses
      .map(({ address }) => address)
      .join(', ')}), so that pods cannot reach the Kafka that the tests start: run the cluster on` +
      ' this machine',
  );
}
