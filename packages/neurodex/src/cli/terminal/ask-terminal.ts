import { readFileSync } from 'node:fs';

/** What of a process is needed to ask its terminal. */
export interface TerminalStreams {
  readonly stdin: Pick<NodeJS.ReadStream, 'isTTY' | 'isRaw' | 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>;
  readonly stdout: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;
  /** Ends the process as Ctrl-C does. */
  readonly interrupt: () => void;
}

const CTRL_C = '\u0003';

/**
 * Writes a question to a terminal and reads its answer, without an echo. The answer is empty where there is no terminal, and ends where
 * the time is over.
 * @param isWhole whether nothing more is to come
 */
export async function askTerminal(
  { stdin, stdout, interrupt }: TerminalStreams,
  question: string,
  isWhole: (answer: string) => boolean,
  milliseconds: number,
): Promise<string> {
  if (!stdin.isTTY || !stdout.isTTY || isInBackground()) return '';
  const wasRaw = stdin.isRaw;
  let answer = '';
  let isInterrupted = false;
  let take = (_: Buffer): void => {};
  stdin.setRawMode(true);
  try {
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, milliseconds);
      take = (bytes) => {
        answer += bytes.toString('latin1');
        // In raw mode the terminal sends no signal.
        isInterrupted = answer.includes(CTRL_C);
        if (!isInterrupted && !isWhole(answer)) return;
        clearTimeout(late);
        resolve();
      };
      stdin.on('data', take);
      stdin.resume();
      stdout.write(question);
    });
  } finally {
    stdin.off('data', take);
    stdin.pause();
    stdin.setRawMode(wasRaw);
  }
  if (isInterrupted) interrupt();
  return answer;
}

/** Linux: a job in the background is stopped when it changes how the terminal works. */
function isInBackground(): boolean {
  try {
    // Behind the name in brackets: state, parent, group, session, terminal, group in the foreground (proc_pid_stat(5)).
    const [, , group, , , foreground] = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return group !== foreground;
  } catch {
    return false;
  }
}
