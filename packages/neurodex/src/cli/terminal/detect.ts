import { NeurodexError } from '@neurodex/core';
import type { Io } from '../io.ts';
import type { CellSize, Inline, Protocol, TerminalPictures } from './protocols.ts';

type Environment = Io['env'];

/** Asks for the size of a character cell (xterm's window operation 16), then for the device attributes (DA1), which every terminal tells. */
export const QUESTION = '\u001b[16t\u001b[c';
/** Milliseconds that a terminal may take: one that is far away too. */
export const PATIENCE = 1000;
/** Columns where a terminal does not say how many it has. */
const COLUMNS = 80;

/** The device attributes of a terminal: `CSI ? 62 ; 4 ; 22 c`, of which 4 is Sixel. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals answer in escape sequences
const ATTRIBUTES = /\u001b\[\?([0-9;]*)c/;
/** `CSI 6 ; height ; width t` */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals answer in escape sequences
const CELL = /\u001b\[6;([0-9]{1,4});([0-9]{1,4})t/;
const SIXEL = '4';

/** Names of terminal types and programs, as they call themselves, and what they take. */
const BY_TYPE: ReadonlyMap<string, Protocol> = new Map([
  ['xterm-kitty', 'kitty'],
  ['xterm-ghostty', 'kitty'],
]);
const BY_PROGRAM: ReadonlyMap<string, Protocol> = new Map([
  ['kitty', 'kitty'],
  ['ghostty', 'kitty'],
  ['iTerm.app', 'iterm2'],
  ['WezTerm', 'iterm2'],
  ['mintty', 'iterm2'],
]);
/** Variables of one terminal each: programs that it starts have them, also another terminal. */
const BY_VARIABLE: readonly (readonly [string, Protocol])[] = [
  ['KITTY_WINDOW_ID', 'kitty'],
  ['WEZTERM_PANE', 'iterm2'],
  ['WEZTERM_EXECUTABLE', 'iterm2'],
];
/** Terminals that say themselves whether they take Sixel, whatever terminal started them. */
const ANSWERING = ['VTE_VERSION', 'XTERM_VERSION', 'KONSOLE_VERSION', 'WT_SESSION'] as const;

/** Inside of tmux or screen: the variables are those of the terminal outside, which sees no picture. */
export const multiplexerOf = ({ TERM = '', TMUX, STY }: Environment): 'tmux' | 'screen' | undefined => {
  if (TMUX || TERM.startsWith('tmux')) return 'tmux';
  return STY || TERM.startsWith('screen') ? 'screen' : undefined;
};

/** What the environment says of the terminal: a protocol, that it takes none, or undefined where the terminal is to be asked. */
export function protocolOf(env: Environment): Protocol | 'none' | undefined {
  const { TERM = '', TERM_PROGRAM = '', LC_TERMINAL, WT_SESSION } = env;
  // Windows Terminal has a session and no type.
  if (TERM === 'dumb' || TERM === 'linux' || (TERM === '' && !WT_SESSION)) return 'none';
  if (multiplexerOf(env) !== undefined) return undefined;
  const known = BY_TYPE.get(TERM) ?? BY_PROGRAM.get(TERM_PROGRAM);
  if (known !== undefined) return known;
  if (TERM_PROGRAM !== '' || ANSWERING.some((name) => env[name])) return undefined;
  // The one variable that iTerm2 sends over SSH.
  if (LC_TERMINAL === 'iTerm2') return 'iterm2';
  return BY_VARIABLE.find(([name]) => env[name])?.[1];
}

/** Whether a terminal has told all that it was asked. */
export const isWhole = (answer: string): boolean => ATTRIBUTES.test(answer);

/** What a terminal answered, of which nothing is believed that it did not say in so many words. */
export function parseAnswer(answer: string): { readonly hasSixel: boolean; readonly cell: CellSize | undefined } {
  const [, attributes = ''] = ATTRIBUTES.exec(answer) ?? [];
  const [, height = '0', width = '0'] = CELL.exec(answer) ?? [];
  const cell = { width: Number(width), height: Number(height) };
  // The first is the terminal's class, and no attribute.
  return {
    hasSixel: attributes.split(';').slice(1).includes(SIXEL),
    cell: cell.width > 0 && cell.height > 0 ? cell : undefined,
  };
}

/**
 * How pictures go to the terminal; undefined where they do not.
 * @param inline as the user chose: `auto` draws only on a terminal that takes pictures
 * @throws NeurodexError `usage` for a protocol that does not pass the multiplexer
 */
export async function terminalPictures(
  inline: Inline,
  { env, stdout, ask }: Io,
): Promise<TerminalPictures | undefined> {
  const columns = stdout.columns ?? COLUMNS;
  if (inline === 'none' || (inline === 'auto' && stdout.isTTY !== true)) return undefined;
  if (inline !== 'auto') refuseUnpassable(inline, env);
  const said = inline === 'auto' ? protocolOf(env) : inline;
  if (said === 'none') return undefined;
  if (said !== undefined && said !== 'sixel') return { protocol: said, cell: undefined, columns };
  const { hasSixel, cell } = parseAnswer(
    stdout.isTTY === true ? ((await ask?.(QUESTION, isWhole, PATIENCE)) ?? '') : '',
  );
  return said === 'sixel' || hasSixel ? { protocol: 'sixel', cell, columns } : undefined;
}

/** tmux keeps a screen of its own: what is passed through it stays where it was when windows change. */
function refuseUnpassable(protocol: Protocol, env: Environment): void {
  const multiplexer = multiplexerOf(env);
  if (multiplexer === undefined || protocol === 'sixel') return;
  throw new NeurodexError('usage', `${multiplexer} does not take pictures by the protocol of ${protocol}`, {
    hint: 'write --inline sixel if your tmux was built with it, leave tmux or screen, or use --open',
    details: { flag: '--inline', value: protocol, multiplexer },
  });
}
