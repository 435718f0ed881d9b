/** Whether keys are thrown away. */

import type { Finding } from '../finding.ts';
import { isEvicting } from '../server-changes.ts';
import { type Rule, warning } from './evidence.ts';

/** The policy alone is nothing wrong, nor what was thrown away long ago. */
export const evictingPrimaries: Rule = ({ snapshot: { views } }) =>
  views.flatMap(({ id, self, server }): Finding[] => {
    const {
      maxMemoryBytes: mostBytes,
      evictedKeys: evicted = 0,
      evictionPolicy: policy = '',
    } = server.vitals ?? {};
    if (self.role !== 'primary' || mostBytes === undefined || !isEvicting(server)) return [];
    return [warning([id], { kind: 'primary-evicting', evicted, mostBytes, policy })];
  });
