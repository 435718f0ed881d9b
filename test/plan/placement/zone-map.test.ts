import { describe, expect, test } from 'vitest';
import { placeOfApplicant, placesIn, readZoneMap } from '../../../src/plan/placement/zone-map.ts';
import { isCandidate } from '../../../src/topology/candidate.ts';
import { draw } from '../../support/drawing.ts';

describe('a map of zones', () => {
  test.each([
    ['pairs between commas', 'h1=x,h2=y'],
    ['pairs on lines of their own', 'h1=x\nh2=y\n'],
    ['blanks, empty lines and Windows line ends', ' h1 = x \r\n\r\n,\th2=y\r\n'],
    ['comments', '# racks\nh1=x # the first\n#h3=z\nh2=y'],
    ['a host twice, with the same zone', 'h1=x,h2=y,h1=x'],
  ])('is read with %s', (_, text) => {
    expect([...readZoneMap(text)].sort()).toEqual([
      ['h1', 'x'],
      ['h2', 'y'],
    ]);
  });

  test('may be empty, and may name hosts by IPv6 address', () => {
    expect(readZoneMap('').size).toBe(0);
    expect(readZoneMap('2001:db8::1=x').get('2001:db8::1')).toBe('x');
  });

  test.each([
    ['a host alone', 'h1', "'h1' is not host=zone"],
    ['a host without a zone', 'h1=', "'h1=' is not host=zone"],
    ['a zone without a host', '=x', "'=x' is not host=zone"],
    ['two zones at once', 'h1=x=y', "'h1=x=y' is not host=zone"],
    ['two zones in two places', 'h1=x\nh1=y', 'h1 is given two zones'],
  ])('%s is refused', (_, text, problem) => {
    expect(() => readZoneMap(text)).toThrow(problem);
  });
});

const zones = readZoneMap('10.0.0.1=by-ip,typed=by-typed-name,cache-1=by-announced-name');

describe('where an applicant stands', () => {
  const { applicant } = draw(
    'A primary alone host=10.0.0.9 zone=told\nB primary alone\nS primary alone down',
  );
  const [told, untold] = [applicant('A'), applicant('B')];

  test('is the host at which others meet it, in the zone that its server tells, if it does', () => {
    expect(placeOfApplicant(told, new Map())).toEqual({ host: '10.0.0.9', zone: 'told' });
    expect(placeOfApplicant(untold, new Map())).toEqual({ host: 'host-B' });
  });

  test('is the zone that the person says, whatever the server tells, by any of its names', () => {
    if (!isCandidate(told)) throw new Error();
    const at = (changes: object) => placeOfApplicant({ ...told, ...changes }, zones);
    expect(at({ meetAt: { ip: '10.0.0.1', port: 1, busPort: 2 } })).toEqual({
      host: '10.0.0.1',
      zone: 'by-ip',
    });
    expect(at({ asked: { host: 'typed', port: 1 } })).toEqual({ host: '10.0.0.9', zone: 'by-typed-name' });
    const address = { host: '10.0.0.9', port: 1, hostname: 'cache-1' };
    const view = { ...told.view, self: { ...told.view.self, address } };
    expect(at({ view })).toEqual({ host: '10.0.0.9', zone: 'by-announced-name' });
    expect(at({})).toEqual({ host: '10.0.0.9', zone: 'told' });
  });

  test('is what the person typed where it does not answer', () => {
    const silent = { asked: { host: 'typed', port: 1 }, ip: '10.0.0.8', reason: '', loading: false };
    expect(placeOfApplicant(silent, zones)).toEqual({ host: '10.0.0.8', zone: 'by-typed-name' });
    expect(placeOfApplicant(applicant('S'), zones)).toEqual({ host: 'host-S' });
  });
});

describe('where the nodes of a cluster stand', () => {
  const { snapshot, id } = draw(`
    A primary 0-16383 host=10.0.0.1 zone=told
    b replica of A host=10.0.0.2 zone=told
    c replica of A host=10.0.0.3 down
    d replica of A noaddr
    N replica of A noaddr down
  `);

  test('is what they announce, in the zone that they tell', () => {
    const placeOf = placesIn(snapshot, new Map());
    expect(['A', 'b', 'c'].map(name => placeOf(id(name)))).toEqual([
      { host: '10.0.0.1', zone: 'told' },
      { host: '10.0.0.2', zone: 'told' },
      { host: '10.0.0.3' },
    ]);
  });

  test('is where they answer, if they announce nothing; and each is on a host of its own if nobody knows', () => {
    const placeOf = placesIn(snapshot, new Map());
    expect(placeOf(id('d'))).toEqual({ host: 'd' });
    expect(placeOf(id('N'))).toEqual({ host: id('N') });
    expect(placeOf(id('Z'))).toEqual({ host: id('Z') });
  });

  test('is the zone that the person says, by what they announce or by where they answer', () => {
    const views = snapshot.views.map(view =>
      view.id === id('b') ? { ...view, address: { host: 'typed', port: 1 } } : view,
    );
    const placeOf = placesIn({ ...snapshot, views }, zones);
    expect(placeOf(id('A'))).toEqual({ host: '10.0.0.1', zone: 'by-ip' });
    expect(placeOf(id('b'))).toEqual({ host: '10.0.0.2', zone: 'by-typed-name' });
  });
});

test('a comment may hold commas and equals signs', () => {
  expect(readZoneMap('h1=z1 # rack one, row=2\nh2=z2,h3=z3')).toEqual(
    new Map([
      ['h1', 'z1'],
      ['h2', 'z2'],
      ['h3', 'z3'],
    ]),
  );
});
