/** Lines of a stream, as pipes deliver them: whole, in pieces, several at once, or never. */
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { LineReader } from '../src/line-reader.ts';

function reading() {
  const pipe = new PassThrough();
  let press = () => {};
  const reader = new LineReader(pipe as unknown as NodeJS.ReadStream, callback => {
    press = () => void callback();
    return () => {
      press = () => {};
    };
  });
  return { pipe, reader, press: () => press() };
}

const given = (value: string) => ({ kind: 'given', value });
const NOBODY = { kind: 'nobody' };

afterEach(() => {
  vi.useRealTimers();
});

describe('lines', () => {
  test('in one write are given one by one', async () => {
    const { pipe, reader } = reading();
    pipe.end('a\nb\r\n\nlast');
    for (const line of ['a', 'b', '', 'last']) expect(await reader.next()).toEqual(given(line));
    expect(await reader.next()).toEqual(NOBODY);
    expect(await reader.next()).toEqual(NOBODY);
  });

  test('in pieces are put together, characters too', async () => {
    const { pipe, reader } = reading();
    for (const part of [Buffer.from('n'), Buffer.from([0xc3]), Buffer.from([0xb6, 0x0a])]) {
      setImmediate(() => pipe.write(part));
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(await reader.next()).toEqual(given('nö'));
    const next = reader.next();
    pipe.write(Buffer.from([0xc3]));
    await new Promise(resolve => setImmediate(resolve));
    pipe.write(Buffer.from([0xb6, 0x0a]));
    expect(await next).toEqual(given('ö'));
  });

  test('between two questions nothing is read, and nothing is lost', async () => {
    const { pipe, reader } = reading();
    pipe.write('a\nb');
    expect(await reader.next()).toEqual(given('a'));
    expect(pipe.isPaused()).toBe(true);
    pipe.write('c\n');
    expect(await reader.next()).toEqual(given('bc'));
    expect(pipe.isPaused()).toBe(true);
  });
});

describe('no line', () => {
  test('from a pipe that is silent for a minute', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { pipe, reader } = reading();
    pipe.write('half a li');
    const line = reader.next();
    await new Promise(resolve => setImmediate(resolve));
    vi.advanceTimersByTime(59_999);
    expect(pipe.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(await line).toEqual(given('half a li'));
    expect(await reader.next()).toEqual(NOBODY);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('from a pipe that breaks', async () => {
    const { pipe, reader } = reading();
    setImmediate(() => pipe.destroy(new Error('EISDIR')));
    expect(await reader.next()).toEqual(NOBODY);
  });

  test('from a flood without an end of line', async () => {
    const { pipe, reader } = reading();
    pipe.write('x'.repeat(100_000));
    expect(await reader.next()).toEqual(NOBODY);
    expect(pipe.destroyed).toBe(true);
  });

  test('after Ctrl-C', async () => {
    const { pipe, reader, press } = reading();
    setImmediate(press);
    expect(await reader.next()).toEqual({ kind: 'interrupted' });
    expect(pipe.isPaused()).toBe(true);
  });
});

describe('all that is left', () => {
  test('is what follows the lines that were taken, to the end', async () => {
    const { pipe, reader } = reading();
    pipe.end('first\nand\nall the rest\n');
    await reader.next();
    expect(await reader.rest()).toEqual(given('and\nall the rest\n'));
  });

  test('may be nothing', async () => {
    const { pipe, reader } = reading();
    pipe.end();
    expect(await reader.rest()).toEqual(given(''));
  });

  test('is given up where it does not end: half a value is none', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { pipe, reader } = reading();
    pipe.write('half a va');
    const text = reader.rest();
    await new Promise(resolve => setImmediate(resolve));
    vi.advanceTimersByTime(60_000);
    expect(await text).toEqual(NOBODY);
  });
});
