import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 20;
/** Far longer than anything takes, also where other programs keep the processors busy. */
const LIMIT_MS = 180_000;

/** Waits until the condition holds. Tests wait like this and never for a duration. */
export async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${LIMIT_MS / 1000} s in vain until ${what}`);
    await sleep(EVERY_MS);
  }
}
