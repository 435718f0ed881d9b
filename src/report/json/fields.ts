/**
 * Which fields of a value programs see, in which order, and how those are written that are not taken as they are. A field
 * that has another name or another type inside than its document wants is an error here, and so is one that is left out.
 */
import type { SlotSet } from '../../topology/slot-set.ts';
import type { Kinded, Of } from '../kinded.ts';
import type { Slots } from './document.ts';

type Plain = string | number | boolean;

/** `true`: as it is, which is only for what has no fields of its own. What is absent inside is absent in the document. */
type Fields<Inside, Document> = {
  readonly [Field in keyof Document]-?: Field extends keyof Inside
    ?
        | (Inside[Field] extends Document[Field] & (Plain | readonly Plain[] | undefined) ? true : never)
        | ((value: Exclude<Inside[Field], undefined>) => Document[Field])
    : never;
};

/** Every kind there is inside has its document, and the other way round. The kind itself always comes first. */
type Kinds<Inside extends Kinded, Document extends Kinded> = {
  readonly [Kind in Inside['kind'] | Document['kind']]: [Of<Inside, Kind>] extends [never]
    ? never
    : [Of<Document, Kind>] extends [never]
      ? never
      : Fields<Of<Inside, Kind>, Omit<Of<Document, Kind>, 'kind'>>;
};

type Writers = Readonly<Record<string, true | ((value: unknown) => unknown)>>;
type Value = Readonly<Record<string, unknown>>;

/** The two types are named, or said by where it stands; what it is given cannot say them. */
export function fields<Inside, Document>(how: NoInfer<Fields<Inside, Document>>): (value: Inside) => Document;
export function fields(how: Writers): (value: Value) => Value {
  return value => written(how, value);
}

export function byKind<Inside extends Kinded, Document extends Kinded>(
  kinds: Kinds<Inside, Document>,
): (value: Inside) => Document;
export function byKind(kinds: Readonly<Record<string, Writers>>): (value: Value & Kinded) => Value {
  return value => written({ kind: true, ...kinds[value.kind] }, value);
}

function written(how: Writers, value: Value): Value {
  const entries = Object.entries(how).map(([name, write]) => {
    const inside = value[name];
    return [name, write === true || inside === undefined ? inside : write(inside)];
  });
  return Object.fromEntries(entries);
}

export function each<Inside, Document>(write: (one: Inside) => Document) {
  return (all: readonly Inside[]): Document[] => all.map(one => write(one));
}

export function slots(set: SlotSet): Slots {
  return set.toJSON();
}
