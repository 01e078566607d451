import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Io } from '../io.ts';
import { isWhole, multiplexerOf, parseAnswer, protocolOf, QUESTION, terminalPictures } from './detect.ts';

const XTERM = { TERM: 'xterm-256color' };

describe('the environment', () => {
  it.each([
    [{ TERM: 'xterm-kitty' }, 'kitty'],
    [{ TERM: 'xterm-ghostty' }, 'kitty'],
    [{ ...XTERM, KITTY_WINDOW_ID: '1' }, 'kitty'],
    [{ ...XTERM, TERM_PROGRAM: 'ghostty' }, 'kitty'],
    [{ ...XTERM, TERM_PROGRAM: 'iTerm.app' }, 'iterm2'],
    [{ ...XTERM, TERM_PROGRAM: 'WezTerm' }, 'iterm2'],
    [{ ...XTERM, WEZTERM_PANE: '0' }, 'iterm2'],
    [{ ...XTERM, LC_TERMINAL: 'iTerm2' }, 'iterm2'],
    [{ ...XTERM, TERM_PROGRAM: 'mintty' }, 'iterm2'],
    // A terminal that another one started has the variables of both.
    [{ ...XTERM, KITTY_WINDOW_ID: '1', VTE_VERSION: '7203' }, undefined],
    [{ ...XTERM, KITTY_WINDOW_ID: '1', TERM_PROGRAM: 'vscode' }, undefined],
    [{ TERM: 'xterm', XTERM_VERSION: 'XTerm(390)', KITTY_WINDOW_ID: '1' }, undefined],
    [XTERM, undefined],
    [{ WT_SESSION: '5b6c' }, undefined],
    [{ TERM: 'constructor', TERM_PROGRAM: 'toString' }, undefined],
    // Inside of a multiplexer the variables are those of the terminal outside.
    [{ TERM: 'tmux-256color', TMUX: '/tmp/tmux-0/default,1,0', KITTY_WINDOW_ID: '1' }, undefined],
    [{ TERM: 'xterm-kitty', TMUX: '/tmp/tmux-0/default,1,0' }, undefined],
    [{ TERM: 'screen.xterm-256color', TERM_PROGRAM: 'iTerm.app' }, undefined],
    [{ TERM: 'dumb', KITTY_WINDOW_ID: '1' }, 'none'],
    [{ TERM: 'linux' }, 'none'],
    [{}, 'none'],
  ] as const)('%j: %s', (env, protocol) => {
    expect(protocolOf(env)).toBe(protocol);
  });

  it('names the multiplexer', () => {
    expect(multiplexerOf({ TERM: 'screen', TMUX: 'x' })).toBe('tmux');
    expect(multiplexerOf({ TERM: 'screen-256color' })).toBe('screen');
    expect(multiplexerOf(XTERM)).toBeUndefined();
  });
});

describe('the answer of a terminal', () => {
  it.each([
    ['\u001b[?62;4;22c', { hasSixel: true, cell: undefined }],
    ['\u001b[6;20;10t\u001b[?65;1;4;9c', { hasSixel: true, cell: { width: 10, height: 20 } }],
    // 64 is the class of a VT420, 4 the class of a VT132.
    ['\u001b[?64;1;2;22;14c', { hasSixel: false, cell: undefined }],
    ['\u001b[?4;6c', { hasSixel: false, cell: undefined }],
    ['\u001b[6;0;0t\u001b[?62;4c', { hasSixel: true, cell: undefined }],
    // What somebody typed meanwhile, and an answer that was cut off.
    ['ls\r\u001b[6;33;16t4\u001b[?62;4c', { hasSixel: true, cell: { width: 16, height: 33 } }],
    ['\u001b[6;33;16t\u001b[?62;4', { hasSixel: false, cell: { width: 16, height: 33 } }],
    ['', { hasSixel: false, cell: undefined }],
  ])('%j', (answer, parsed) => {
    expect(parseAnswer(answer)).toEqual(parsed);
    expect(isWhole(answer)).toBe(answer.endsWith('c'));
  });

  it('is read whatever it is', () => {
    const piece = fc.oneof(fc.constantFrom('\u001b[', '?', ';', '4', 'c', 't', '6', '99999'), fc.string());
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const { cell } = parseAnswer(pieces.join(''));
        if (cell !== undefined) for (const side of [cell.width, cell.height]) expect(side).toSatisfy(isSide);
      }),
    );
  });
});
const isSide = (side: number): boolean => Number.isInteger(side) && side > 0 && side < 10_000;

describe('where pictures go', () => {
  const io = (env: Io['env'], answer = '', isTTY = true) => {
    const ask = vi.fn(async () => answer);
    return {
      ask,
      io: { env, cwd: '/', ask, stdout: { isTTY, columns: 100, write: () => {} }, stderr: { write: () => {} } },
    };
  };

  it('is nowhere that is no terminal, and no terminal is asked what it has said', async () => {
    for (const [env, isTTY] of [
      [{ TERM: 'xterm-kitty' }, false],
      [{ TERM: 'dumb' }, true],
    ] as const) {
      const { ask, io: world } = io(env, '\u001b[?62;4c', isTTY);
      expect(await terminalPictures('auto', world)).toBeUndefined();
      expect(ask).not.toHaveBeenCalled();
    }
    const { ask, io: kitty } = io({ TERM: 'xterm-kitty' });
    expect(await terminalPictures('auto', kitty)).toEqual({ protocol: 'kitty', cell: undefined, columns: 100 });
    expect(await terminalPictures('none', kitty)).toBeUndefined();
    expect(ask).not.toHaveBeenCalled();
  });

  it('is a terminal that says it takes Sixel, also within tmux', async () => {
    const answer = '\u001b[6;20;10t\u001b[?62;4c';
    for (const env of [XTERM, { TERM: 'tmux-256color', TMUX: 'x', KITTY_WINDOW_ID: '1' }]) {
      const { ask, io: world } = io(env, answer);
      expect(await terminalPictures('auto', world)).toEqual({
        protocol: 'sixel',
        cell: { width: 10, height: 20 },
        columns: 100,
      });
      expect(ask.mock.calls).toEqual([[QUESTION, isWhole, expect.any(Number)]]);
      expect(await terminalPictures('auto', io(env, '\u001b[?62;22c').io)).toBeUndefined();
      expect(await terminalPictures('auto', io(env).io)).toBeUndefined();
    }
  });

  it('is wherever the user says, but for what a multiplexer keeps', async () => {
    const piped = io({}, '', false);
    expect(await terminalPictures('iterm2', piped.io)).toMatchObject({ protocol: 'iterm2' });
    expect(await terminalPictures('sixel', piped.io)).toMatchObject({ protocol: 'sixel', cell: undefined });
    expect(piped.ask).not.toHaveBeenCalled();
    const tmux = io({ TERM: 'screen-256color', TMUX: 'x' }).io;
    await expect(terminalPictures('kitty', tmux)).rejects.toMatchObject({
      code: 'usage',
      message: 'tmux does not take pictures by the protocol of kitty',
    });
    expect(await terminalPictures('sixel', tmux)).toMatchObject({ protocol: 'sixel' });
  });
});
