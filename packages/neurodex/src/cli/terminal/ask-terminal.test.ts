import { PassThrough } from 'node:stream';
import { beforeEach, expect, it, vi } from 'vitest';
import { askTerminal } from './ask-terminal.ts';

const QUESTION = '\u001b[c';
const isWhole = (answer: string): boolean => answer.endsWith('c');

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  readFileSync: () => stat,
}));
let stat = '';
beforeEach(() => {
  stat = '7 (node (odd) name) R 1 5 5 34816 5 4194304';
});

/** A terminal that answers by `reply`. */
function terminal(reply: (say: (text: string) => void) => void) {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true as const,
    isRaw: false,
    setRawMode(mode: boolean) {
      modes.push(mode);
      return this as never;
    },
  });
  const written: string[] = [];
  const stdout = {
    isTTY: true as const,
    write: (text: string) => {
      written.push(text);
      reply((said) => stdin.write(said));
      return true;
    },
  };
  return { streams: { stdin: stdin as never, stdout: stdout as never, interrupt: vi.fn() }, modes, written, stdin };
}

it('reads an answer that comes in pieces, and leaves the terminal as it was', async () => {
  const { streams, modes, written, stdin } = terminal((say) => {
    say('\u001b[?6');
    setTimeout(() => say('2;4c'), 5);
  });
  expect(await askTerminal(streams, QUESTION, isWhole, 5000)).toBe('\u001b[?62;4c');
  expect([modes, written]).toEqual([[true, false], [QUESTION]]);
  expect([stdin.isPaused(), stdin.listenerCount('data')]).toEqual([true, 0]);
});

it('waits no longer than it may for one that is silent', async () => {
  const { streams, modes } = terminal(() => {});
  expect(await askTerminal(streams, QUESTION, isWhole, 20)).toBe('');
  expect(modes).toEqual([true, false]);
});

it('passes Ctrl-C on, which sends no signal in raw mode', async () => {
  const { streams, modes } = terminal((say) => say('\u0003'));
  await askTerminal(streams, QUESTION, isWhole, 5000);
  expect(streams.interrupt).toHaveBeenCalledOnce();
  expect(modes).toEqual([true, false]);
});

it('asks nothing where there is no terminal, or of a job in the background', async () => {
  const { streams, written } = terminal((say) => say('\u001b[?62;4c'));
  const piped = { ...streams, stdin: { isTTY: false } as never };
  expect(await askTerminal(piped, QUESTION, isWhole, 5000)).toBe('');
  stat = '7 (node) R 1 5 5 34816 9 4194304';
  expect(await askTerminal(streams, QUESTION, isWhole, 5000)).toBe('');
  expect(written).toEqual([]);
});
