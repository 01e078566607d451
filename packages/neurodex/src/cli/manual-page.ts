import { variables } from '../doctor/environment.ts';
import { createProgram } from './cli.ts';
import { services } from './jobs.ts';
import { manPage } from './shell/man-page.ts';
import { shapeOf } from './shell/shape.ts';

/** What man/neurodex.1 holds. */
export function manualPage(): string {
  const io = { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {}, cwd: '/' };
  const program = createProgram({ io, services }, { out: '', error: '' });
  return manPage(
    shapeOf(program),
    variables().map(([name, { what }]) => [name, what]),
  );
}
