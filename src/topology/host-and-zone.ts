/** Where a node stands: what fails together. */
export interface NodePlace {
  readonly host: string;
  /** The rack or availability zone. */
  readonly zone?: string;
}

/**
 * Names the zone of a place. A place without one is a zone of its own per host, so that where no zones are known, what
 * shares a zone is exactly what shares a host.
 */
export function zoneOf({ host, zone }: NodePlace): string {
  return zone === undefined ? `host ${host}` : `zone ${zone}`;
}
