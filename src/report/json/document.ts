/**
 * How everything for programs is written. The types of this folder are the contract: `schemas/` is made of them
 * (scripts/make-schemas.mjs), so a field is there, has its name and its type because it says so here, whatever it is called
 * inside. A field may be added; one that goes, or changes its name or type, raises the version of its format.
 */
import type { Address } from '../../topology/node.ts';

/** Of documents and events alike: none has changed so far. */
export const FORMAT_VERSION = 1;

/** Pairs of first and last. */
export type Slots = readonly (readonly [first: number, last: number])[];

/** A node's id: 40 hexadecimal digits. */
export type Id = string;

/** Where a node is. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly busPort?: number | undefined;
  readonly hostname?: string | undefined;
}

export function place({ host, port, busPort, hostname }: Address): Place {
  return { host, port, busPort, hostname };
}

export function asDocument(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function asLine(event: object): string {
  return `${JSON.stringify(event)}\n`;
}
