import { shellQuote } from '@neurodex/core';
import type { Command } from 'commander';
import type { DuplicateGroup, FoundDuplicates } from '../../jobs/find-duplicates.ts';
import {
  DUPLICATE_KINDS,
  type DuplicateKind,
  type DuplicateMember,
  KIND_HELP,
} from '../../pictures/duplicate-facts.ts';
import { PRESETS } from '../../presets/presets.ts';
import { printable } from '../../report/text.ts';
import { parseKinds, text } from '../arguments.ts';
import { type CommonFlags, type Context, perform, withCommonFlags, withExamples } from '../command.ts';
import { sourceLines } from '../data-set-lines.ts';
import { formatBytes, formatCount, plural } from '../format.ts';
import { SOURCE_HELP, type SourceFlags, sourceFlagsOf, sourceOf, withSource } from '../source.ts';

interface Flags extends CommonFlags, SourceFlags {
  readonly kinds?: readonly DuplicateKind[];
  readonly out?: string;
}

/** Groups that are listed for people; `--json` and the page have more. */
const LISTED = 50;
/** Members of a group that are listed. */
const MEMBERS = 10;

export function addDuplicates(program: Command, context: Context): void {
  const command = program
    .command('duplicates')
    .summary('find pictures that occur more than once')
    .description(
      'Group the pictures of SOURCE, or of an index, that show the same: byte for byte, encoded again, resized, slightly\n' +
        'cropped or mirrored. The best of each group comes first. Nothing is changed or deleted.',
    )
    .argument('<source>', `${SOURCE_HELP}; or the folder of an index`)
    .option(
      '--kinds <names>',
      `only duplicates of these kinds, separated by commas: ${DUPLICATE_KINDS.join(',')} (all by default)`,
      parseKinds,
    )
    .option(
      '--out <html>',
      'write a page to review them: pictures side by side, and the names to delete',
      text('--out'),
    );
  withSource(command);
  withCommonFlags(command);
  withExamples(command, [
    ['neurodex duplicates photos', 'groups of pictures that show the same'],
    ['neurodex duplicates photos --out duplicates.html', 'and a page to look at them'],
    ['neurodex duplicates photos.index --kinds identical,equal --json', 'exact copies in an index, for programs'],
  ]);
  command.action((source: string, flags: Flags) => duplicates(source, flags, context));
}

async function duplicates(source: string, flags: Flags, context: Context): Promise<void> {
  const { io, services } = context;
  await perform(context, flags, { unwinds: true }, async (work) => {
    const config = PRESETS.default;
    const found = await services.jobs.findDuplicates({
      path: work.path(source),
      open: () => sourceOf(source, flags, { config, seed: 0 }, context, work),
      sourceFlags: sourceFlagsOf(flags),
      ...(flags.kinds === undefined ? {} : { kinds: flags.kinds }),
      ...(flags.out === undefined ? {} : { out: work.path(flags.out) }),
      reporter: work.reporter,
      signal: io.signal,
    });
    return { json: found, text: describe(found, flags) };
  });
}

function describe(found: FoundDuplicates, { out }: Flags): string {
  const { groups, kinds, acrossSplits, differentLabels } = found;
  const more = groups.length - LISTED;
  const lines = [
    `pictures    ${formatCount(found.pictures)}`,
    ...sourceLines({ layout: [], skippedKinds: found.skippedKinds }),
    `duplicates  ${formatCount(found.duplicates)} in ${plural(groups.length, 'group')}`,
    ...DUPLICATE_KINDS.filter((kind) => kinds[kind] > 0).map(
      (kind) => `            ${formatCount(kinds[kind])} × ${kind}: ${KIND_HELP[kind]}`,
    ),
    ...(acrossSplits > 0 ? [`splits      ${plural(acrossSplits, 'group')} in several splits`] : []),
    ...(differentLabels > 0 ? [`labels      ${plural(differentLabels, 'group')} with different labels`] : []),
    ...groups.slice(0, LISTED).flatMap((group) => ['', ...groupLines(group)]),
    ...(more > 0 ? ['', `and ${plural(more, 'other group')} (--json names them all)`] : []),
  ];
  if (out === undefined && groups.length > 0) lines.push('', 'Look at them:  add --out duplicates.html');
  if (out !== undefined) lines.push('', `page        ${shellQuote(out)}`);
  return lines.map(printable).join('\n');
}

function groupLines({ members }: DuplicateGroup): string[] {
  const more = members.length - MEMBERS;
  return [
    ...members.slice(0, MEMBERS).map((member) => `${member.kind === null ? '' : '  '}${memberLine(member)}`),
    ...(more > 0 ? [`  and ${formatCount(more)} more`] : []),
  ];
}

function memberLine({ path, kind, similarity, width, height, bytes, role }: DuplicateMember): string {
  const facts = [
    kind === null ? 'best' : `${kind} ${(Math.floor(1000 * similarity) / 1000).toFixed(3)}`,
    ...(width === null || height === null ? [] : [`${width} × ${height}`]),
    ...(bytes === null ? [] : [formatBytes(bytes)]),
    ...(role === null ? [] : [role]),
  ];
  return `${path}  (${facts.join(', ')})`;
}
