import { describe, expect, test } from 'vitest';
import { checkDocument, infoDocument } from '../../../src/report/json/check.ts';
import { coloured, plain } from '../../../src/report/paint.ts';
import { renderCheck, renderProblems } from '../../../src/report/text/check.ts';
import { renderInfo } from '../../../src/report/text/info.ts';
import { diagnose } from '../../../src/topology/diagnose.ts';
import { draw } from '../../support/drawing.ts';

function examine(drawing: string, search = false) {
  const { snapshot, census, named } = draw(drawing);
  const options = { minReplicas: 0, maxReplicaLagBytes: 1000, ...(search && { census }) };
  return { examination: { snapshot, findings: diagnose(snapshot, options), searchedOwners: search }, named };
}

const check = (drawing: string, search = false) => {
  const { examination, named } = examine(drawing, search);
  return named(renderCheck(examination, plain));
};

const SMALL = `
  A primary 0-5460
  B primary 5461-16382,16383
  a replica of A
`;

describe('check as text', () => {
  test('a healthy cluster', () => {
    expect(check(SMALL)).toBe(`A (A) -> ? keys | 5461 slots | 1 slaves.
B (B) -> ? keys | 10923 slots | 0 slaves.
[OK] 0+ keys in 2 masters.
0.00 keys per slot on average.
>>> Performing Cluster Check (using node A)
M: A A
   slots:[0-5460] (5461 slots) 
   1 additional replica(s)
S: a a
   slots: (0 slots) 
   replicates A
M: B B
   slots:[5461-16383] (10923 slots) 
[OK] All nodes agree about slots configuration.
>>> Check for open slots...
>>> Check slots coverage...
[OK] All 16384 slots covered.
>>> Check nodes, replicas and placement...
[OK] 3 nodes asked, all of them answered; nothing is wrong.
`);
  });

  test('open slots in the classic words', () => {
    const text = check('A primary 0-5460 open=5>B,7>B\nB primary 5461-16383 open=5<A');
    expect(text).toContain(`>>> Check for open slots...
[WARNING] Node A has slots in migrating state 5,7.
[WARNING] Node B has slots in importing state 5.
[WARNING] The following slots are open: 5,7.
`);
  });

  test('slots that are not covered', () => {
    expect(check('A primary 0-9')).toContain(
      '>>> Check slots coverage...\n[ERR] Not all 16384 slots are covered by nodes.\n\n',
    );
  });

  test('owners that are searched for', () => {
    expect(check(SMALL, true)).toContain(
      '>>> Check for multiple slot owners...\n[OK] No multiple owners found.\n',
    );
    expect(check('A primary 0-9 keys=12:1\nB primary 10-16383', true)).toContain(
      '[WARNING] Slot 12 has 2 owners:\n    B\n    A\n',
    );
    expect(check('A primary 0-9 hidden=3\nB primary 10-16383', true)).toContain(
      '[WARNING] Node A has 3 keys in slots of others.\n',
    );
  });

  test('a node that nobody reaches is listed, and marked', () => {
    expect(check('A primary 0-16383\na replica of A down')).toContain('S: a a (no answer)\n');
    expect(check('A primary 0-16383\nX stranger handshake')).toContain('?: X X (no answer)\n');
  });

  test('what it means is said once for several of a kind', () => {
    const { examination, named } = examine('A primary 0-16383\na replica of A down\nb replica of A down');
    expect(named(renderProblems(examination, plain))).toBe(`[ERR] a could not be asked: it is drawn so.
[ERR] b could not be asked: it is drawn so.
      Nothing is known of this node but what others say; if it is down, so is its share of the work.
`);
  });

  test('problems alone: nothing when there are none', () => {
    expect(renderProblems(examine(SMALL).examination, plain)).toBe('');
  });

  test('colour is around lines, and changes no word', () => {
    const { examination } = examine('A primary 0-16383\na replica of A down');
    const painted = renderCheck(examination, coloured);
    expect(painted).toContain('\u001b[31m[ERR] ');
    const esc = String.fromCharCode(27);
    expect(painted.replaceAll(new RegExp(`${esc}\\[\\d*m`, 'g'), '')).toBe(renderCheck(examination, plain));
  });
});

describe('info as text', () => {
  test('nodes that do not answer are named, with the reason', () => {
    const { snapshot, named } = draw('A primary 0-16383\nb primary down');
    expect(named(renderInfo(snapshot, plain))).toBe(`A (A) -> ? keys | 16384 slots | 0 slaves.
[OK] 0+ keys in 1 masters.
0.00 keys per slot on average.
[ERR] b (b) could not be asked: it is drawn so.
`);
  });
});

describe('JSON', () => {
  test('check: findings with all that is known of them', () => {
    const { examination, named } = examine(
      'A primary 0-5460 open=5>B\nB primary 5461-16383\nb replica of B down',
    );
    const document = JSON.parse(named(checkDocument(examination, true))) as object;
    expect(document).toMatchObject({
      format: 'slotctl-check',
      version: 1,
      healthy: false,
      failed: true,
      entry: 'A',
      slotsCovered: 16384,
      searchedOwners: false,
      findings: [
        { kind: 'node-unreachable', severity: 'error', nodes: ['b'], slots: [], reason: 'it is drawn so' },
        {
          kind: 'slots-open',
          nodes: ['A', 'B'],
          slots: [[5, 5]],
          migrating: [{ peer: 'B', slots: [[5, 5]] }],
          importing: [],
        },
      ],
      nodes: [
        {
          id: 'A',
          reachable: true,
          role: 'primary',
          slots: [[0, 5460]],
          slotCount: 5461,
          migrating: { 5: 'B' },
        },
        { id: 'B', reachable: true, role: 'primary', state: 'ok', version: '7.0.15' },
        { id: 'b', reachable: false, role: 'replica', primary: 'B', reason: 'it is drawn so' },
      ],
    });
  });

  test('info: the same nodes', () => {
    const { snapshot } = draw(SMALL);
    expect(JSON.parse(infoDocument(snapshot))).toMatchObject({
      format: 'slotctl-info',
      version: 1,
      nodes: [{ role: 'primary' }, { role: 'replica', replication: { link: 'up' } }, { role: 'primary' }],
    });
  });
});
