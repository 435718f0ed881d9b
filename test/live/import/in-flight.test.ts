/** What is on its way from a source is not sent a second time. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InFlight } from '../../../src/live/import/in-flight.ts';

const names = fc.uint8Array({ maxLength: 3 }).map(bytes => Buffer.from(bytes));
const text = (key: Buffer) => key.toString('latin1');

test('what is in flight is known by its bytes, until its end', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(names, fc.constantFrom('begin', 'left', 'stayed', 'end'))), steps => {
      const [flights, known] = [new InFlight(), new Map<string, boolean>()];
      for (const [key, step] of steps) {
        const isKnown = known.has(text(key));
        if (step === 'begin') {
          expect(flights.begin([Buffer.from(key)], () => key.length)).toHaveLength(isKnown ? 0 : 1);
          if (!isKnown) known.set(text(key), false);
        } else if (step === 'end') {
          flights.end([key]);
          known.delete(text(key));
        } else {
          if (step === 'left') flights.mayHaveLeft([key]);
          else flights.stayed([key]);
          if (isKnown) known.set(text(key), step === 'left');
        }
        expect(flights.expiryOf(key)).toBe(known.has(text(key)) ? key.length : Infinity);
        expect(flights.movedOf([key])).toHaveLength(known.get(text(key)) === true ? 1 : 0);
      }
    }),
  );
});

test('a key that a scan finds twice in one reply is begun once', () => {
  const flights = new InFlight();
  const found = ['a', 'b', 'a'].map(name => Buffer.from(name));
  expect(flights.begin(found, () => Infinity).map(text)).toEqual(['a', 'b']);
});
