import { spawn } from 'node:child_process';
import { basename } from 'node:path';

/** Runs a file of the benchmarks in a process of its own. @param log told what it says on stderr @returns what it printed */
export async function runChild(file: string, args: readonly string[], log: (line: string) => void): Promise<string> {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [text, errors] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString();
    log(bytes.toString().trim());
  });
  const status = await new Promise<number | null>((done) => {
    child.on('close', done);
  });
  if (status !== 0) throw new Error(`${basename(file)} ended with ${status}: ${errors}`);
  return text;
}
