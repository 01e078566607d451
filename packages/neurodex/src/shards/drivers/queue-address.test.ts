import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQueueAddress } from './queue-address.ts';
import { failureOf, failureText } from './task-failure.ts';

describe('the address of a queue', () => {
  it.each([
    ['redis://queue:6379', 'redis', 'redis://queue:6379'],
    ['rediss://me:secret@queue/2', 'redis', 'rediss://queue/2'],
    ['postgres://me:secret@db/tasks?sslmode=require', 'postgres', 'postgres://db/tasks'],
    ['postgresql://db', 'postgres', 'postgresql://db'],
  ])('%s', (address, server, shown) => {
    expect(parseQueueAddress(address)).toMatchObject({ server, address, shown });
  });

  it.each(['queue:6379', 'http://me:secret@queue', 'redis://', '', 'me:secret@queue', 'redis:secret'])(
    '%j is refused, and no secret repeated',
    (address) => {
      expect(() => parseQueueAddress(address)).toThrow(NeurodexError);
      expect(() => parseQueueAddress(address)).toThrow(/^(?!.*secret)/);
    },
  );

  it('shows no password, whatever it is', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9%:@/ é$]{3,20}$/).map((text) => `§${text}§`);
    fc.assert(
      fc.property(word, word, (user, password) => {
        const address = `redis://${encodeURIComponent(user)}:${encodeURIComponent(password)}@queue:6379/1`;
        const { shown, scrub } = parseQueueAddress(address);
        expect(shown).toBe('redis://queue:6379/1');
        const message = scrub(`cannot reach ${address}: ${password} and ${encodeURIComponent(password)}`);
        expect(message).not.toContain(password);
        expect(message).not.toContain(encodeURIComponent(password));
      }),
    );
  });
});

describe('a failure in a queue', () => {
  const task = { kind: 'train', shard: 3 } as const;
  const read = (error: unknown) => failureOf(failureText(error), task, 'shard 3', '/place');

  it('keeps the code, the message and the hint of what cannot be mended', () => {
    const error = new NeurodexError('object-missing', 'objects/ab: lost', { hint: 'plan again' });
    expect(read(error)).toMatchObject({ code: 'object-missing', message: 'objects/ab: lost', hint: 'plan again' });
  });

  it('is of a shard that failed again and again where it could have been mended', () => {
    const code = 'shards-failed';
    expect(read(new NeurodexError('disk-full', 'no space left'))).toMatchObject({
      code,
      message: 'shard 3 failed 3 times, at last: no space left',
    });
    expect(read(new TypeError('x: y'))).toMatchObject({ code, message: expect.stringContaining('x: y') });
    expect(failureOf('job stalled more than allowable limit', task, 'shard 3', '/place')).toMatchObject({ code });
  });
});
