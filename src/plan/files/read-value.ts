/** Values out of a file that anybody may have written. What is not as it should be ends in an InputError that says so. */
import { InputError } from '../../topology/input-error.ts';
import { isNodeId, type NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';

const LONGEST_SHOWN = 60;

export function wrong(where: string, what: string): never {
  throw new InputError(`This is no plan that can be carried out: ${where} ${what}`);
}

/** In a sentence, whatever it is: short, and in letters that no terminal acts upon. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = JSON.stringify(value).replace(
    /[^ -~]/g,
    letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** Several times what a plan comes to in which each slot is a move, or a situation, of its own. */
const MOST_CHARACTERS = 20_000_000;

/** Whatever is in the file is somebody's text until it has been looked through. */
export function readDocument(text: string): JsonObject {
  if (text.length > MOST_CHARACTERS) throw new InputError('This is no plan: it is far too long');
  return readFields(parse(text), 'the file');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError('This is no plan: it is not JSON');
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function readFields(value: unknown, where: string): JsonObject {
  return isObject(value) ? value : wrong(where, `is ${shown(value)} in place of an object`);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readList(value: unknown, where: string): readonly unknown[] {
  return Array.isArray(value) ? value : wrong(where, `is ${shown(value)} in place of a list`);
}

export function readText(value: unknown, pattern: RegExp, where: string): string {
  return typeof value === 'string' && pattern.test(value) ? value : wrong(where, `cannot be ${shown(value)}`);
}

export function readId(value: unknown, where: string): NodeId {
  return typeof value === 'string' && isNodeId(value)
    ? value
    : wrong(where, `is ${shown(value)} in place of a node id`);
}

export function readSlots(value: unknown, where: string): SlotSet {
  const slots = typeof value === 'string' ? parseSlots(value) : undefined;
  return slots && slots.size > 0
    ? slots
    : wrong(where, `is ${shown(value)} in place of slots like 0-99,4000`);
}

function parseSlots(text: string): SlotSet | undefined {
  try {
    return SlotSet.parse(text);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
