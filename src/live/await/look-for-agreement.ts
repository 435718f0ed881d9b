/** Short looks at nodes that are to come to agree: what they know of each other, and whether replicas are fed. */
import { busyness, clusterNodes, clusterState, replicationInfo } from '../../resp/commands/cluster.ts';
import { NodeError, unlessRefused } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { KnownLines } from '../../resp/known-lines.ts';
import type { Glance, Member } from '../../topology/agreement.ts';
import type { ClusterNode, NodeId } from '../../topology/node.ts';
import { ifAnswered, ifTold } from '../look/look-at-node.ts';

export class Glances {
  readonly #fleet: Fleet;
  readonly #latest = new Map<NodeId, Glance>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  get all(): Glance[] {
    return [...this.#latest.values()];
  }

  /** `failed`: told of each that does not answer; whether what it said before still counts. */
  async take(
    members: readonly Member[],
    failed: (member: Member, error: NodeError) => 'keep' | 'drop',
  ): Promise<void> {
    const known = new KnownLines();
    const loading: Loading[] = [];
    await Promise.all(
      members.map(async member => {
        try {
          const seen = await this.#ask(member, known);
          if ('nodes' in seen) this.#latest.set(member.id, seen);
          else loading.push(seen);
        } catch (error) {
          if (!(error instanceof NodeError)) throw error;
          if (failed(member, error) === 'drop') this.#latest.delete(member.id);
        }
      }),
    );
    // Only when the others have spoken: one that loads tells neither its role nor whom it knows.
    for (const one of loading) this.#imagine(one);
  }

  /** Of those whose copies take time: what they are busy with. */
  async askWhatBusies(members: readonly Member[]): Promise<void> {
    await Promise.all(
      members.map(async ({ id, address }) => {
        const busy = await ifAnswered(this.#fleet.send(address, busyness()));
        // The next look finds out what is the matter with it.
        if (!busy) return this.#fleet.renew(address);
        const seen = this.#latest.get(id);
        if (!seen) return;
        const { isForked: isSaving, loading } = busy;
        this.#latest.set(id, { ...seen, isSaving, ...(loading && { loading }) });
      }),
    );
  }

  /** INFO is answered by a server that loads, too. */
  async #ask({ id, address }: Member, known: KnownLines): Promise<Glance | Loading> {
    const [cluster, state, replication] = await Promise.all([
      unlessRefused(this.#fleet.send(address, clusterNodes(known)), 'loading'),
      ifTold(this.#fleet.send(address, clusterState())),
      unlessRefused(this.#fleet.send(address, replicationInfo()), 'loading'),
    ]);
    if (!cluster || !replication) return { id, ...(replication && { replication }) };
    const { self, nodes } = cluster;
    return { id: self.id, self, nodes, ...(state && { state }), replication };
  }

  /** A replica that reads in its copy is what the others say of it. */
  #imagine({ id, replication }: Loading): void {
    const before = this.#latest.get(id);
    const isReplica = replication?.role === 'replica';
    const isNews = isReplica && before?.self.role !== 'replica';
    const self = (isNews && this.#believedReplica(id)) || before?.self;
    if (!self) return;
    this.#latest.set(id, {
      id,
      self,
      nodes: before?.nodes ?? [],
      replication: replication ?? before?.replication ?? { role: 'primary', offset: 0 },
      isMute: true,
    });
  }

  #believedReplica(id: NodeId): ClusterNode | undefined {
    return this.all.flatMap(({ nodes }) => nodes).find(node => node.id === id && node.role === 'replica');
  }
}

/** What can be told of a server that reads in its data. */
type Loading = Pick<Glance, 'id'> & Partial<Pick<Glance, 'replication'>>;
