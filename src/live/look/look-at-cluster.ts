/** The first look of a command that changes something, which what passes by itself is no reason to refuse. */
import type { Fleet } from '../../resp/fleet.ts';
import { type Examined, examine } from '../../topology/diagnose.ts';
import { passesWithinMs } from '../../topology/transient-findings.ts';
import { inspect } from './inspect.ts';
import { lookUntilSettled } from './look-until-settled.ts';

export interface LookPatience {
  /** How long nodes may take to agree; servers that load their data are waited for as long. */
  readonly joinTimeoutMs?: number;
  /** Also replicas that load a copy, as they have to be told something. */
  readonly withReplicas?: boolean;
}

export function lookAtCluster(
  fleet: Fleet,
  { joinTimeoutMs = 0, withReplicas = false }: LookPatience = {},
): Promise<Examined> {
  return lookUntilSettled(
    async () => examine(await inspect(fleet)),
    ({ snapshot, findings }) => {
      const isAwaited = withReplicas && snapshot.unreachable.some(({ loading }) => loading);
      const passes = passesWithinMs(findings, joinTimeoutMs);
      return isAwaited ? Math.max(joinTimeoutMs, passes) : passes;
    },
  );
}
