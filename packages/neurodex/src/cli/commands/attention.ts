import type { Command } from 'commander';
import type { ShownAttention } from '../../jobs/attention.ts';
import { textTable } from '../../report/table.ts';
import { printable } from '../../report/text.ts';
import { text } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';

interface Flags extends CommonFlags, DeviceFlag {
  readonly identifier?: string;
  readonly out?: string;
}

export function addAttention(program: Command, context: Context): void {
  const command = program
    .command('attention')
    .summary('show which patches of a picture each token looked at')
    .description(
      'Show which patches of a query picture the network looks at when it writes each token of an identifier:\n' +
        'attention of the last layer (mean over heads), and attention rollout over all layers (Abnar & Zuidema 2020).',
    )
    .argument('<index>', 'folder that neurodex index made')
    .argument('<file>', 'query picture')
    .option('--identifier <tokens>', 'whose tokens; those of the best answer by default', text('--identifier'))
    .option('--out <png>', 'draw them into this PNG file', text('--out'));
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex attention photos.index holiday.jpg --out attention.png', 'why the best answer was answered'],
    ['neurodex attention photos.index holiday.jpg --identifier 042 --json', 'the share of each patch, for a program'],
  ]);
  command.action((index: string, file: string, flags: Flags) => attention(index, file, flags, context));
}

async function attention(index: string, file: string, flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: false }, async ({ path }) => {
    const shown = await context.services.jobs.showAttention({
      index: path(index),
      file: path(file),
      device: flags.device,
      ...(flags.identifier === undefined ? {} : { identifier: flags.identifier }),
      ...(flags.out === undefined ? {} : { out: path(flags.out) }),
    });
    const drawn = flags.out === undefined ? '' : `\n\ndrawn in ${flags.out}`;
    return { json: { ...shown, query: file }, text: describe(shown, file) + drawn };
  });
}

function describe({ identifier, picture, side, tokens }: ShownAttention, file: string): string {
  /** The patch with the largest share, counted from 1 at the upper left. */
  const place = (patches: readonly number[]): string => {
    const at = patches.indexOf(Math.max(...patches));
    return `row ${Math.floor(at / side) + 1}, column ${(at % side) + 1} (${percent(patches[at] ?? 0)})`;
  };
  const rows = tokens.map(({ token, probability, lastLayer, rollout }) => [
    token,
    probability.toFixed(3),
    percent(lastLayer.onPicture),
    place(lastLayer.patches),
    place(rollout.patches),
  ]);
  const columns = [
    { heading: 'token' },
    { heading: 'probability', align: 'right' },
    { heading: 'on the picture', align: 'right' },
    { heading: `last layer: most, of ${side}×${side} patches` },
    { heading: 'rollout: most' },
  ] as const;
  return `${printable(file)}: identifier ${identifier}, ${printable(picture)}\n${textTable(columns, rows)}`;
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
