/** How nodes and amounts are called in reports. */
import { type Address, formatAddress, type NodeId } from '../../topology/node.ts';
import { addressBook, type ClusterSnapshot, type Product } from '../../topology/snapshot.ts';

/** The words that the product's own tool uses, and that people's scripts look for. */
export interface Vocabulary {
  readonly primary: string;
  readonly primaries: string;
  readonly replicas: string;
}

const VOCABULARIES: Readonly<Record<Product, Vocabulary>> = {
  redis: { primary: 'master', primaries: 'masters', replicas: 'slaves' },
  valkey: { primary: 'primary', primaries: 'primaries', replicas: 'replicas' },
};

export function vocabularyOf(snapshot: ClusterSnapshot): Vocabulary {
  return VOCABULARIES[snapshot.views[0]?.server.product ?? 'redis'];
}

const SHORT_ID_LENGTH = 8;

export function shortId(id: NodeId): string {
  return `${id.slice(0, SHORT_ID_LENGTH)}...`;
}

/** Names nodes by where they are, and by id where nobody knows. */
export class NodeNames {
  readonly #book: ReadonlyMap<NodeId, Address>;

  constructor(snapshot?: ClusterSnapshot) {
    this.#book = snapshot ? addressBook(snapshot) : new Map();
  }

  of(id: NodeId): string {
    const address = this.#book.get(id);
    return address ? formatAddress(address) : shortId(id);
  }

  /** `a`, `a and b`, `a, b and c`; long lists are cut. */
  list(ids: readonly NodeId[], most = 6): string {
    const names = ids.slice(0, most).map(id => this.of(id));
    if (ids.length > most) names.push(`${ids.length - most} more`);
    return enumerate(names);
  }

  /** And what they do: `a knows`, `a and b know`. */
  listed(ids: readonly NodeId[], knows: string, know: string): string {
    return `${this.list(ids)} ${ids.length === 1 ? knows : know}`;
  }
}

export function enumerate(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** `1 slot`, `2 slots`. */
export function count(amount: number, noun: string, plural = `${noun}s`): string {
  return `${amount} ${amount === 1 ? noun : plural}`;
}

export function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

export function bytes(amount: number): string {
  let value = amount;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
