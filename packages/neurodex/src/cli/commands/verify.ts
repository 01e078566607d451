import type { Command } from 'commander';
import type { Repetition } from '../../jobs/forget.ts';
import type { Verification } from '../../jobs/verify-index.ts';
import { printable } from '../../report/text.ts';
import { collected } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';
import { formatBytes, formatCount, plural } from '../format.ts';

interface Flags extends CommonFlags, DeviceFlag {
  readonly without?: readonly string[];
  readonly forgotten?: true;
}

export function addVerify(program: Command, context: Context): void {
  const command = program
    .command('verify')
    .summary('read all of an index, and what is left of a picture')
    .description(
      'Read every file of an index and compare it with its digest. With --without also look for what is left of a picture:\nits name, and of a file its digest, its bytes, its thumbnail and its pixels.',
    )
    .argument('<index>', 'folder that neurodex index made')
    .option(
      '--without <picture>',
      'a name or file of which nothing is to be left; may be repeated',
      collected('--without'),
    );
  command.option('--forgotten', 'build the index again elsewhere, from the pictures that it has, and compare');
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex verify photos.index', 'every file sound, and a digest over all rows'],
    ['neurodex verify photos.index --without beach/holiday.jpg', 'evidence that a picture is gone'],
  ]);
  command.action((index: string, flags: Flags) => verify(index, flags, context));
}

async function verify(index: string, flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: flags.forgotten === true }, async ({ reporter, path }) => {
    const without = (flags.without ?? []).map((name) => ({ name, path: path(name) }));
    const { jobs } = context.services;
    const found = await jobs.verifyIndex({ index: path(index), without, reporter });
    const repeated = flags.forgotten
      ? await jobs.repeatBuild({ index: path(index), device: flags.device, reporter, signal: context.io.signal })
      : undefined;
    return {
      json: { ...found, ...repeated },
      text: [describe(found), ...describeRepetition(repeated)].join('\n'),
      failed: [...found.traces.map(asFailed), ...asOther(index, repeated)],
    };
  });
}

const asFailed = ({ picture, what, file, at }: Verification['traces'][number]) => ({
  input: picture,
  code: 'index-damaged' as const,
  message: `the ${what} of ${picture} is in ${file}, from byte ${at} on`,
  hint: 'remove it with `neurodex remove`',
});

const describeRepetition = (found: Repetition | undefined): string[] =>
  found === undefined
    ? []
    : [
        `content    ${found.content}`,
        `again      ${found.repeated}: ${found.content === found.repeated ? 'the same to the last bit' : 'not the same'}`,
      ];

const asOther = (index: string, found: Repetition | undefined) =>
  found === undefined || found.content === found.repeated
    ? []
    : [
        {
          input: index,
          code: 'index-replaced' as const,
          message: `${index} is not what comes of its pictures when it is built again`,
          hint: 'an index that was changed since it was built is not; neurodex forget makes one that is',
        },
      ];

function describe({ index, digest, rows, rowsDigest, files, bytes, unlisted, without, traces }: Verification): string {
  return [
    `index      ${index}`,
    `digest     ${digest}`,
    `read       ${plural(files, 'file')}, ${formatBytes(bytes)}: each as its digest says`,
    `rows       ${formatCount(rows)}, digest ${rowsDigest}`,
    ...(unlisted.length === 0 ? [] : [`ignored    ${plural(unlisted.length, 'file')}, no part of the index`]),
    ...without.map(({ picture, what }) => {
      const left = traces.filter((trace) => trace.picture === picture).length;
      return `${left === 0 ? 'gone' : 'left'}       ${picture}: looked for its ${what.join(', ')}`;
    }),
  ]
    .map(printable)
    .join('\n');
}
