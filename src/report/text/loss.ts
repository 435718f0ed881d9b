/** What was lost on the way: which node, how much, and what to do. */
import type { Loss } from '../../plan/slots/loss.ts';
import type { NodeId } from '../../topology/node.ts';
import { bytes, count, type NodeNames } from './names.ts';

export function describeLoss(loss: Loss, names: NodeNames): string {
  const node = names.of(loss.node);
  const meanwhile = `while keys moved ${loss.role === 'target' ? 'to' : 'from'} it`;
  return loss.kind === 'evicted'
    ? `${node} evicted ${count(loss.keys, 'key')} ${meanwhile}${limitOf(loss)}${loss.isUsual ? ', as it did before.' : `; ${loss.keys === 1 ? 'it is' : 'they are'} gone. Give it more memory (CONFIG SET maxmemory) before moving more there.`}`
    : `${node} was restarted ${meanwhile}. ${whatIsLeft(loss)}`;
}

function limitOf({ mostBytes, policy }: Extract<Loss, { kind: 'evicted' }>): string {
  return mostBytes === undefined ? '' : ` (maxmemory ${bytes(mostBytes)}, ${policy})`;
}

function whatIsLeft({ keysBefore, keysNow, counted, missing }: Extract<Loss, { kind: 'restarted' }>): string {
  const held = `It held ${count(keysBefore, 'key')} before and holds ${keysNow} now.`;
  if (counted === undefined || missing === undefined)
    return `${held} Whether any are missing could not be determined.`;
  if (counted === 0) return held;
  if (missing === 0) return `${held} All ${counted} keys of the slots that moved are there.`;
  return `Of ${count(counted, 'key')} in the slots that moved, ${missing} ${missing === 1 ? 'is' : 'are'} missing. ${held} \`slotctl restore\` brings back what is in a backup.`;
}

export function noLongerAnswers(node: NodeId, names: NodeNames): string {
  return `${names.of(node)} no longer answers. Whether it has lost keys cannot be told.`;
}
