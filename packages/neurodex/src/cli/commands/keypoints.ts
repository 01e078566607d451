import type { Command } from 'commander';
import { text } from '../arguments.ts';
import { type CommonFlags, type Context, perform, withCommonFlags, withExamples } from '../command.ts';
import { plural } from '../format.ts';

interface Flags extends CommonFlags {
  readonly out?: string;
}

export function addKeypoints(program: Command, context: Context): void {
  const command = program
    .command('keypoints')
    .summary('find the SIFT keypoints of a picture')
    .description('Find the SIFT keypoints of a picture at its own size: what a bag of visual words is made of.')
    .argument('<file>', 'picture')
    .option('--out <png>', 'draw them into this PNG file', text('--out'));
  withCommonFlags(command);
  withExamples(command, [
    ['neurodex keypoints photo.jpg --out keypoints.png', 'see them'],
    ['neurodex keypoints photo.jpg --json', 'position, size, angle, response and descriptor of each'],
  ]);
  command.action((file: string, flags: Flags) => keypoints(file, flags, context));
}

async function keypoints(file: string, flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async ({ path }) => {
    const out = flags.out === undefined ? {} : { out: path(flags.out) };
    const found = await context.services.jobs.findKeypoints({ file: path(file), ...out });
    const drawn = flags.out === undefined ? '' : `, drawn in ${flags.out}`;
    return { json: found, text: `${plural(found.length, 'keypoint')} in ${file}${drawn}` };
  });
}
