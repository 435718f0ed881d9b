/** Watches the nodes that get the keys of a backup: what is evicted while more come is lost. */
import type { RestoreProblem } from '../../plan/transfer/restore.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { NodeView } from '../../topology/snapshot.ts';
import { ProblemError } from '../problem-error.ts';
import { type Guard, NodeWatch } from '../watch/nodes.ts';

/** Why no more is sent. */
export class RestoreError extends ProblemError<RestoreProblem> {}

export interface TargetGuard {
  /** Throws a RestoreError. A node that was started again is no reason to stop: it is sent everything once more. */
  mayGoOn(): void;
  end(): void;
}

export async function watchTargets(
  fleet: Fleet,
  primaries: readonly NodeView[],
  mayEvict: boolean,
): Promise<TargetGuard> {
  const watch = new NodeWatch(fleet, { views: primaries }, { mayEvict });
  // One each: of several alarms one guard tells the first.
  const guards: Guard[] = await Promise.all(
    primaries.map(({ id }) => watch.over({ sources: [], targets: [id] })),
  );
  return {
    mayGoOn() {
      for (const { alarm } of guards)
        if (alarm && alarm.kind !== 'restarted') throw new RestoreError({ kind: 'alarm', alarm });
    },
    end() {
      for (const guard of guards) guard.end();
    },
  };
}
