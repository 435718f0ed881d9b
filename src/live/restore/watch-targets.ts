/** Watches the nodes that get the keys of a backup: what is evicted while more come is lost. */
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { NodeView } from '../../topology/snapshot.ts';
import { type Guard, NodeWatch } from '../watch/nodes.ts';

/** Why no more is sent. */
export class TargetAlarmError extends Error {
  readonly alarm: Exclude<Alarm, { kind: 'restarted' }>;

  constructor(alarm: Exclude<Alarm, { kind: 'restarted' }>) {
    super(alarm.kind);
    this.alarm = alarm;
  }
}

/** It is at its limit, and refuses what comes. */
export class TargetFullError extends Error {
  readonly address: Address;

  constructor(address: Address) {
    super('full');
    this.address = address;
  }
}

export interface TargetGuard {
  /** Throws a TargetAlarmError. A node that was started again is no reason to stop: it is sent everything once more. */
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
        if (alarm && alarm.kind !== 'restarted') throw new TargetAlarmError(alarm);
    },
    end() {
      for (const guard of guards) guard.end();
    },
  };
}
