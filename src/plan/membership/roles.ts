/** Who is to be a primary, as the person said it: by a count of replicas, or by name. Names are addresses. */
import type { Applicant } from '../../topology/candidate.ts';
import { formatAddress } from '../../topology/node.ts';

export type Roles =
  | { readonly kind: 'counted'; readonly replicas: number }
  | {
      readonly kind: 'named';
      readonly primaries: readonly string[];
      /** By primary; empty where the placement is to choose. */
      readonly replicasOf: ReadonlyMap<string, readonly string[]>;
    };

export function chosenPrimaries(
  nodes: readonly Pick<Applicant, 'asked'>[],
  roles: Roles,
): number | readonly string[] {
  return roles.kind === 'named' ? roles.primaries : Math.floor(nodes.length / (roles.replicas + 1));
}

/** As many as servers are made for, and as slots can be shared out among. */
const MOST_PRIMARIES = 1000;

/** What makes no sense in it; undefined as a rule. */
export function rolesProblem(nodes: readonly Pick<Applicant, 'asked'>[], roles: Roles): string | undefined {
  const chosen = chosenPrimaries(nodes, roles);
  if ((typeof chosen === 'number' ? chosen : chosen.length) > MOST_PRIMARIES)
    return `a cluster has at most ${MOST_PRIMARIES} primaries`;
  if (roles.kind === 'counted') return undefined;
  const primaries = new Set(roles.primaries);
  const stranger = [...roles.replicasOf.keys()].find(name => !primaries.has(name));
  if (stranger !== undefined) return `--replicas-of ${stranger}: it is not among the --primaries`;
  const replicas = [...roles.replicasOf.values()].flat();
  const twice = [...roles.primaries, ...replicas].find((name, i, all) => all.indexOf(name) !== i);
  if (twice !== undefined) return `${twice} is given two roles`;
  const known = new Set(nodes.map(({ asked }) => formatAddress(asked)));
  const absent = [...roles.primaries, ...replicas].find(name => !known.has(name));
  if (absent !== undefined) return `${absent} is given a role and is not among the nodes`;
  if (roles.replicasOf.size === 0) return undefined;
  const named = new Set([...primaries, ...replicas]);
  const idle = nodes.map(({ asked }) => formatAddress(asked)).filter(name => !named.has(name));
  return idle.length === 0
    ? undefined
    : `${idle.join(', ')} ${idle.length === 1 ? 'is' : 'are'} given no role; with --replicas-of every replica is named`;
}
