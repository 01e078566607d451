import { spawn } from 'node:child_process';
import { errorCode } from '@neurodex/core';
import type { Io } from './io.ts';

/** A program that opens a file or an address as the user is used to. */
export interface Viewer {
  readonly command: string;
  readonly args: readonly string[];
}

/** Milliseconds within which a viewer that cannot open anything says so; one that stays open longer shows it. */
const SETTLING = 1500;

/** The viewer of a system, or in words why nothing can be shown here. @param target absolute path, or a URL */
export function viewerFor(
  target: string,
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): Viewer | string {
  if (['SSH_CONNECTION', 'SSH_CLIENT', 'SSH_TTY'].some((name) => env[name])) return 'this is a session over SSH';
  switch (platform) {
    case 'darwin':
      return { command: 'open', args: [target] };
    case 'win32':
      // The first quoted word of `start` is the title of a window. Neither paths of Windows nor our URLs hold quotes.
      return { command: 'cmd', args: ['/d', '/s', '/c', `"start "" "${target}""`] };
    default:
      if (env.DISPLAY || env.WAYLAND_DISPLAY) return { command: 'xdg-open', args: [target] };
      return 'there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)';
  }
}

/** Opens a file or an address in the system's viewer. @returns in words why it was not opened; undefined where it was */
export async function show(
  target: string,
  { platform = process.platform, env, launch }: Io,
): Promise<string | undefined> {
  const viewer = viewerFor(target, platform, env);
  if (typeof viewer === 'string') return viewer;
  if (launch === undefined) return 'no program may be started here';
  try {
    await launch(viewer);
    return undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return `the program ${viewer.command} is not installed`;
    return `${viewer.command} failed (${error instanceof Error ? error.message : String(error)})`;
  }
}

/** Starts a viewer, which outlives this process. @throws Error where it cannot be started, or ends at once with a failure */
export const launchViewer = ({ command, args }: Viewer): Promise<void> =>
  new Promise((resolve, reject) => {
    const isWindows = process.platform === 'win32';
    const child = spawn(command, [...args], {
      stdio: 'ignore',
      detached: !isWindows,
      windowsHide: true,
      windowsVerbatimArguments: isWindows,
    });
    const settled = setTimeout(resolve, SETTLING);
    child.once('error', (error) => {
      clearTimeout(settled);
      reject(error);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(settled);
      if (code === 0) resolve();
      else reject(new Error(signal === null ? `exit status ${code}` : `ended by ${signal}`));
    });
    child.unref();
  });
