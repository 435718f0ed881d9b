/**
 * Each command, by a user who lacks one of the rights that the README lists for it: the exit code is true, the right is named, nothing
 * is open and nothing lost. `npm run test:faults` takes away every right on every server; otherwise some are taken away that have
 * done harm. SLOTCTL_FAULT_ROWS (a part of a name, such as `reshard by MIGRATE | +select`) picks some.
 */
import { describe, expect, test } from 'vitest';
import { EXPECTED, type ServerBuild, serversUnderTest } from '../../support/servers.ts';
import { RightsBed } from './bed.ts';
import { ERRANDS, type Errand } from './errands.ts';
import { playRights } from './round.ts';

const isLong = process.env['SLOTCTL_FAULTS'] === 'long';
const wanted = process.env['SLOTCTL_FAULT_ROWS'] ?? '';

/** What is played by `npm test`. */
const SHORT: Readonly<Record<string, readonly (string | undefined)[]>> = {
  check: ['+cluster|info'],
  'reshard by MIGRATE': [undefined, '+cluster|info', '+select', '+restore-asking', '+migrate', '+config|get'],
  'reshard by atomic migration': [
    '+cluster|info',
    '+cluster|migration',
    '+cluster|cancelslotmigrations',
    '+cluster|getslotmigrations',
  ],
  fix: ['+select', '+asking', '+restore-asking'],
  failover: ['+cluster|info', '+cluster|failover'],
  import: ['+scan'],
  restore: ['+restore'],
};

interface Row {
  readonly errand: Errand;
  readonly lacking: string | undefined;
}

function nameOf({ errand, lacking = 'with all of them' }: Row): string {
  return `${errand.name} | ${lacking}`;
}

function rowsOn(build: ServerBuild): Row[] {
  return ERRANDS.filter(errand => errand.suits(build))
    .flatMap(errand =>
      [undefined, ...Object.keys(errand.rights(build))].map(lacking => ({ errand, lacking })),
    )
    .filter(({ errand, lacking }) => isLong || SHORT[errand.name]?.includes(lacking))
    .filter(row => nameOf(row).includes(wanted));
}

const servers = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));

describe.concurrent.each(servers)('$name', build => {
  test(
    'without a right the exit code is true, the right is named, nothing is open and nothing lost',
    async () => {
      const wrong: string[] = [];
      let bed: RightsBed | undefined;
      try {
        for (const row of rowsOn(build)) {
          bed ??= await RightsBed.start(build);
          try {
            const outcome = await playRights(bed, row.errand, build, row.lacking);
            if (outcome.wrong.length > 0)
              wrong.push(
                `${nameOf(row)}: ${outcome.wrong.join('; ')}\n${outcome.run.stdout}${outcome.run.stderr}`,
              );
          } catch (error) {
            wrong.push(`${nameOf(row)}: ${error}`);
            // Nobody knows in what state that has left it.
            await bed.dispose();
            bed = undefined;
          }
        }
      } finally {
        await bed?.dispose();
      }
      expect(wrong.join('\n\n')).toBe('');
    },
    isLong ? 3_600_000 : 180_000,
  );
});
