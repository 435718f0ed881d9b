import { expect, test } from 'vitest';
import { failover } from '../../../src/resp/commands/failover.ts';

test('the words on the wire, and OK is all that is an answer', () => {
  expect(failover('graceful').args).toEqual(['CLUSTER', 'FAILOVER']);
  expect(failover('force').args).toEqual(['CLUSTER', 'FAILOVER', 'FORCE']);
  expect(failover('takeover').args).toEqual(['CLUSTER', 'FAILOVER', 'TAKEOVER']);
  expect(failover('force').decode(Buffer.from('OK'))).toBeUndefined();
  expect(() => failover('force').decode(null)).toThrow();
});
