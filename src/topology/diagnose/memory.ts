/** Whether keys are thrown away. */

import type { Finding } from '../finding.ts';
import { isEvicting } from '../server-changes.ts';
import { noSlots, type Rule } from './evidence.ts';

/** The policy alone is nothing wrong, nor what was thrown away long ago. */
export const evictingPrimaries: Rule = ({ snapshot: { views } }) =>
  views.flatMap(({ id, self, server }): Finding[] => {
    const {
      maxMemoryBytes: mostBytes,
      evictedKeys: evicted = 0,
      evictionPolicy: policy = '',
    } = server.vitals ?? {};
    if (self.role !== 'primary' || mostBytes === undefined || !isEvicting(server)) return [];
    return [
      {
        kind: 'primary-evicting',
        severity: 'warning',
        nodes: [id],
        slots: noSlots,
        evicted,
        mostBytes,
        policy,
      },
    ];
  });
