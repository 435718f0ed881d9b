/** One round: clients write, slotctl works, something happens, a person goes on; and then everything has to be there. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { Random } from '../../support/simulated/random.ts';
import { removeFolder, tempFolder } from '../../support/temp-folder.ts';
import type { Mover } from '../long-form.ts';
import type { Bed } from './bed.ts';
import type { Entry } from './ledger.ts';
import { describe, type Ended, runToEnd, start } from './program.ts';
import { type Fault, type Scene, setScene } from './scene.ts';
import type { Work } from './works.ts';
import { type Objection, Writer } from './writer.ts';

export interface RoundPlan {
  readonly fault: Fault;
  readonly work: Work;
  readonly mover: Mover;
  readonly seed: number;
}

export interface RoundResult {
  /** Whether the fault came while slotctl was at it. */
  readonly midway: boolean;
  readonly writes: number;
  /** Values that gave way to others, and are in a rescue file. */
  readonly rescued: number;
  readonly lost: readonly string[];
  /** How often `fix` had to be run before the cluster was well. */
  readonly mended: number;
}

/** Long enough that some hundred take a moment to move. */
const USUAL_TEXT_BYTES = 2000;
/** Before that nothing has been sent to anybody. */
const START_UP_MS = 100;
const STILL_KEYS = 500;
const USED_KEYS = 240;

export async function playRound(bed: Bed, { fault, work, mover, seed }: RoundPlan): Promise<RoundResult> {
  const random = new Random(seedOf(`${bed.kind} ${fault.name} ${work.name} ${mover}`, seed));
  const folder = tempFolder('round');
  await bed.calm();
  await bed.empty();
  const scene = await setScene(bed, { random, mover, folder });
  const writer = new Writer({
    addresses: bed.addresses,
    replicas: bed.replicasThatCount,
    slots: work.keySlots(scene),
    random: new Random(seed + 1),
    textBytes: fault.textBytes ?? USUAL_TEXT_BYTES,
  });
  const runs: Ended[] = [];
  try {
    await writer.start(STILL_KEYS, USED_KEYS);
    const words = await work.begin(scene);
    const further = (await fault.prepare?.(scene)) ?? [];
    const pace = `${work.name} ${mover}`;
    const running = start([...words, ...further], folder);
    let isOver = false;
    const ended = running.ended.finally(() => {
      isOver = true;
    });
    let midway = false;
    const striking = fault.strike({
      ...scene,
      work: running,
      span: { from: START_UP_MS, to: bed.usualMs(pace) },
      isOver: () => isOver,
      hit: () => {
        midway ||= !isOver;
      },
    });
    await Promise.all([striking, ended.then(run => runs.push(run))]);
    const [run] = runs;
    if (run && !midway) bed.took(pace, run.tookMs);
    await fault.relieve?.(scene);
    const mended = await goOn(scene, work, runs);
    await writer.stop();
    const free = fault.mayLose?.(scene) ?? SlotSet.empty;
    const objections = await writer.objections(slot => free.has(slot));
    const { product } = bed.cluster.node(0).setup.build;
    const mayForget = bed.kind === 'copied' && fault.forgets?.({ mover, product }) === true;
    const kept = mayForget ? await keptAside(objections, folder, writer) : new Set();
    const lost = objections.filter(({ entry }) => !kept.has(entry)).map(({ text }) => text);
    if (lost.length > 0) lost.push(...runs.map(describe));
    else removeFolder(folder);
    return { midway, writes: writer.acknowledged, rescued: kept.size, mended, lost };
  } catch (error) {
    throw new Error([`${error}`, ...runs.map(describe)].join('\n--\n'), { cause: error });
  } finally {
    writer.close();
  }
}

/**
 * Where an owner has forgotten that it was handing a slot over, it answers from what it has left, and clients write onto
 * that. `fix` believes the owner, and keeps the other value in its rescue file. Of a key that was deleted meanwhile nothing can be
 * kept, and the owner's old value stays: this the README says.
 */
async function keptAside(
  objections: readonly Objection[],
  folder: string,
  writer: Writer,
): Promise<Set<Entry>> {
  const lines = readdirSync(folder)
    .filter(name => name.startsWith('slotctl-rescue-'))
    .flatMap(name => readFileSync(join(folder, name), 'utf8').split('\n'))
    .flatMap(line => (line === '' ? [] : [JSON.parse(line) as { key: string; payload: string }]));
  const kept = new Set<Entry>();
  for (const { entry, shown } of objections) {
    const own = lines.filter(({ key }) => key === Buffer.from(entry.key).toString('base64'));
    const aside: string[] = [];
    for (const { payload } of own) aside.push(await writer.readDumped(entry, Buffer.from(payload, 'base64')));
    // Or it has come home, with what was acknowledged.
    if (entry.isDeleted || entry.isAcknowledged([shown ?? '', ...aside])) kept.add(entry);
  }
  return kept;
}

/** Rows of one seed hit different nodes at different times. */
function seedOf(name: string, seed: number): number {
  return createHash('sha1').update(`${name} ${seed}`).digest().readUInt32BE();
}

const MOST_ATTEMPTS = 4;

/** As a person would: the plan again, or `fix`, until `check` finds nothing, also no key in a wrong place. */
async function goOn(scene: Scene, work: Work, runs: Ended[]): Promise<number> {
  const { bed, random, folder, entry } = scene;
  await bed.calm();
  const again = work.goOn?.(scene);
  if (again && runs.at(-1)?.code !== 0 && random.chance(50)) runs.push(await runToEnd(again, folder));
  const search = '--search-multiple-owners';
  for (let attempt = 0; ; attempt++) {
    const check = await runToEnd(['check', entry, search], folder);
    if (check.code === 0) return attempt;
    runs.push(check);
    if (attempt === MOST_ATTEMPTS) throw new Error('the cluster does not get well');
    runs.push(await runToEnd(['fix', entry, '--yes', search], folder));
  }
}
