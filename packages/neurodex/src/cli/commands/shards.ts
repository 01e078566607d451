import { resolve } from 'node:path';
import { NeurodexError, shellQuote } from '@neurodex/core';
import type { Command } from 'commander';
import type { PlannedShards } from '../../jobs/plan-shards.ts';
import type { ShardsStatus, TaskResult } from '../../jobs/shards.ts';
import type { SystemName } from '../../query/system.ts';
import { DRIVER_NAMES, type DriverName } from '../../shards/drivers/driver-names.ts';
import { isAddress, oneOf, parseSystems, SYSTEM_NAMES, text, wholeNumber } from '../arguments.ts';
import {
  type CommandResult,
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  type Work,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';
import { formatCount, plural } from '../format.ts';
import {
  type ConfigurationFlags,
  configurationOf,
  SOURCE_HELP,
  type SourceFlags,
  sourceOf,
  withConfiguration,
  withSource,
} from '../source.ts';

interface PlanFlags extends CommonFlags, DeviceFlag, SourceFlags, ConfigurationFlags {
  readonly shards: number;
  readonly sample: number;
  readonly out: string;
  readonly work?: string;
  readonly systems?: readonly SystemName[];
}

interface RunFlags extends CommonFlags {
  readonly driver: DriverName;
  readonly workers: number;
  readonly queue?: string;
}

interface WorkFlags extends CommonFlags {
  readonly queue: string;
  readonly workers: number;
  readonly untilDone?: boolean;
}

interface ManifestFlags extends CommonFlags {
  readonly kubernetes?: boolean;
  readonly image?: string;
  readonly namespace?: string;
  readonly parallelism?: number;
}

const PLACE_HELP = 'folder or s3://bucket/prefix that neurodex shards plan filled';
const QUEUE_HELP = 'redis://host:port of a queue, or rediss:, postgres: or postgresql:';
/** Of a pod of an Indexed Job. */
const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';
/** Pictures that the shared network learns from. */
const SAMPLE = 20_000;

export function addShards(program: Command, context: Context): void {
  const shards = program
    .command('shards')
    .summary('an index of several parts, for many workers and machines')
    .description(
      'An index in shards: each is an index of its own, made by whichever worker has time, and kept in a folder or in an\nS3-compatible store. neurodex search takes the place of it as INDEX.',
    );
  addPlan(shards, context);
  addTrain(shards, context);
  addRun(shards, context);
  addWork(shards, context);
  addManifest(shards, context);
  addStatus(shards, context);
}

function addPlan(shards: Command, context: Context): void {
  const plan = shards
    .command('plan')
    .summary('divide pictures into shards')
    .description(
      'Train the network that all shards share on a sample of SOURCE, read every picture once, and put it into the store by\nshard. The same command goes on with a plan that was stopped.',
    )
    .argument('<source>', SOURCE_HELP)
    .requiredOption('--out <place>', 'folder or s3://bucket/prefix for the shards', text('--out'))
    .requiredOption('--shards <n>', 'how many', wholeNumber('--shards', 1, 99_999, 16))
    .option('--sample <n>', 'pictures that the shared network learns from', wholeNumber('--sample', 10), SAMPLE)
    .option('--work <folder>', 'folder to work in (the last name of PLACE with .plan by default)', text('--work'));
  withSource(withConfiguration(plan)).option(
    '--systems <names>',
    `what a shard shall hold, separated by commas: ${SYSTEM_NAMES.join(',')} (dsi by default)`,
    parseSystems,
  );
  withCommonFlags(withDevice(plan));
  withExamples(plan, [
    ['neurodex shards plan photos --shards 16 --out photos.shards', 'in a folder'],
    ['neurodex shards plan photos --shards 64 --out s3://indexes/photos', 'in an object store, by AWS_ACCESS_KEY_ID …'],
  ]);
  plan.action((source: string, flags: PlanFlags) => planOne(source, flags, context));
}

function addTrain(shards: Command, context: Context): void {
  const train = shards
    .command('train')
    .summary('make one shard')
    .description(
      'Make the index of one shard, or the router when all are there. A shard that is there stays as it is; two workers that\nmake the same one at a time make the same bytes.',
    )
    .argument('<place>', PLACE_HELP)
    .argument('[shard]', `its number, from 0; or router (${INDEX_VARIABLE} by default, as Kubernetes sets it)`);
  withCommonFlags(train);
  withExamples(train, [
    ['neurodex shards train s3://indexes/photos 3', 'shard 3'],
    ['neurodex shards train s3://indexes/photos router', 'what every search asks first'],
  ]);
  train.action((place: string, shard: string | undefined, flags: CommonFlags) =>
    trainOne(place, shard, flags, context),
  );
}

function addRun(shards: Command, context: Context): void {
  const run = shards
    .command('run')
    .summary('make all shards that are missing')
    .description(
      'Hand the shards that are missing to workers, then make the router: from then on the place can be searched.',
    )
    .argument('<place>', PLACE_HELP)
    .option<DriverName>(
      '--driver <name>',
      `what hands them out: ${DRIVER_NAMES.join(', ')}`,
      oneOf('--driver', DRIVER_NAMES),
      'local',
    )
    .option('--queue <address>', QUEUE_HELP, text('--queue'))
    .option(
      '--workers <n>',
      'workers on this machine; 0 where others take everything from a queue',
      wholeNumber('--workers', 0, 1024, 2),
      2,
    );
  withCommonFlags(run);
  withExamples(run, [
    ['neurodex shards run photos.shards --workers 4', 'four processes of this machine'],
    [
      'neurodex shards run s3://indexes/photos --driver bullmq --queue redis://queue:6379 --workers 0',
      'workers of other machines: neurodex shards work',
    ],
  ]);
  run.action((place: string, flags: RunFlags) => runAll(place, flags, context));
}

function addWork(shards: Command, context: Context): void {
  const work = shards
    .command('work')
    .summary('take shards from a queue')
    .description(
      'Make the shards that neurodex shards run --driver bullmq puts into a queue, on this machine, until Ctrl-C. What a\nworker was killed over, another one takes.',
    )
    .argument('<place>', PLACE_HELP)
    .requiredOption('--queue <address>', QUEUE_HELP, text('--queue'))
    .option('--workers <n>', 'workers on this machine', wholeNumber('--workers', 1, 1024, 2), 2)
    .option('--until-done', 'end when the place can be searched');
  withCommonFlags(work);
  withExamples(work, [
    ['neurodex shards work s3://indexes/photos --queue redis://queue:6379 --workers 4', 'four tasks at a time'],
  ]);
  work.action((place: string, flags: WorkFlags) => workOn(place, flags, context));
}

function addManifest(shards: Command, context: Context): void {
  const manifest = shards
    .command('manifest')
    .summary('print jobs for Kubernetes')
    .description(
      'Print an Indexed Job that makes every shard of a place, and a Job that makes the router, as JSON for kubectl apply.\nThe program asks Kubernetes nothing.',
    )
    .argument('<place>', 's3://bucket/prefix that neurodex shards plan filled')
    .option('--kubernetes', 'what it is for; the only one there is')
    .option('--image <name>', 'container image with neurodex in it (neurodex:VERSION by default)', text('--image'))
    .option('--namespace <name>', 'namespace of the jobs', text('--namespace'))
    .option('--parallelism <n>', 'shards at a time (all by default)', wholeNumber('--parallelism', 1, 99_999, 8));
  withCommonFlags(manifest);
  withExamples(manifest, [
    [
      'neurodex shards manifest s3://indexes/photos --kubernetes --image registry/neurodex:1 | kubectl apply -f -',
      'one pod for each shard',
    ],
  ]);
  manifest.action((place: string, flags: ManifestFlags) => printManifest(place, flags, context));
}

function addStatus(shards: Command, context: Context): void {
  const status = shards
    .command('status')
    .summary('which shards are there')
    .description('Show the plan of a place and which of its shards are there.')
    .argument('<place>', PLACE_HELP);
  withCommonFlags(status);
  withExamples(status, [['neurodex shards status s3://indexes/photos', 'how far it is']]);
  status.action((place: string, flags: CommonFlags) => showStatus(place, flags, context));
}

async function planOne(source: string, flags: PlanFlags, context: Context): Promise<void> {
  const { services } = context;
  await perform(context, flags, { unwinds: true }, async (work) => {
    const seed = flags.seed ?? 0;
    const asked = { config: await configurationOf(flags, context), seed };
    const { dataset, config } = await sourceOf(source, flags, asked, context, work);
    const planned = await services.jobs.planShards({
      ...{ dataset, config, seed, shards: flags.shards, sample: flags.sample, device: flags.device },
      systems: flags.systems ?? ['dsi'],
      place: placeOf(flags.out, work),
      work: work.path(flags.work ?? workOf(flags.out)),
      ...common(work, context),
    });
    return { json: planned, text: describePlanned(planned, flags.out) };
  });
}

async function trainOne(place: string, named: string | undefined, flags: CommonFlags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: true }, async (work) => {
    const name = named ?? indexOf(context);
    const task =
      name === 'router'
        ? ({ kind: 'route' } as const)
        : ({ kind: 'train', shard: wholeNumber('SHARD', 0, 99_999, 3)(name) } as const);
    const { jobs } = context.services;
    const result = await jobs.runShardTask({ ...common(work, context), place: placeOf(place, work), task });
    return { json: result, text: describeTask(result) };
  });
}

async function runAll(place: string, flags: RunFlags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: true }, async (work) => {
    const { driver, workers, queue } = flags;
    const { jobs } = context.services;
    return statusResult(
      await jobs.runShards({ ...common(work, context), place: placeOf(place, work), driver, workers, queue }),
      place,
    );
  });
}

async function workOn(place: string, flags: WorkFlags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: true }, async (work) => {
    const { workers, queue, untilDone = false } = flags;
    const { jobs } = context.services;
    return statusResult(
      await jobs.workShards({ ...common(work, context), place: placeOf(place, work), workers, queue, untilDone }),
      place,
    );
  });
}

async function printManifest(place: string, flags: ManifestFlags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: true }, async (work) => {
    const { image, namespace, parallelism } = flags;
    const { jobs } = context.services;
    const options = { ...common(work, context), place: placeOf(place, work), image, namespace, parallelism };
    const manifest = await jobs.shardsManifest(options);
    return { json: manifest, text: JSON.stringify(manifest, undefined, 2) };
  });
}

/** The shard that a pod of an Indexed Job is for. @throws NeurodexError `usage` */
function indexOf({ io }: Context): string {
  const index = io.env[INDEX_VARIABLE];
  if (index !== undefined) return index;
  throw new NeurodexError('usage', `no shard is named, and ${INDEX_VARIABLE} is not set`, {
    hint: 'name a shard by its number, or router',
  });
}

async function showStatus(place: string, flags: CommonFlags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: true }, async (work) => {
    const { jobs } = context.services;
    return statusResult(await jobs.shardsStatus({ ...common(work, context), place: placeOf(place, work) }), place);
  });
}

const common = ({ reporter }: Work, { io }: Context) => ({ environment: io.env, reporter, signal: io.signal });

/** A folder is absolute, an address stays as it is. */
const placeOf = (place: string, { path }: Work): string => (isAddress(place) ? place : path(place));

/** In the working directory where the place is none of this machine. */
const workOf = (place: string): string =>
  isAddress(place) ? `${place.split('/').filter(Boolean).at(-1)}.plan` : `${resolve(place)}.plan`;

function describePlanned({ planned, catalogue, shards, skipped, copies }: PlannedShards, place: string): string {
  const [least, most] = [Math.min(...shards), Math.max(...shards)];
  return [
    `place       ${place}${planned ? '' : ' (planned before)'}`,
    `catalogue   ${plural(catalogue, 'picture')} in ${plural(shards.length, 'shard')} of ${formatCount(least)} to ${formatCount(most)}`,
    ...(skipped > 0 ? [`skipped     ${plural(skipped, 'picture')}`] : []),
    ...(copies === null || copies === 0 ? [] : [`left out    ${plural(copies, 'picture')}, copies of queries`]),
    '',
    `Train them: neurodex shards run ${shellQuote(place)}`,
  ].join('\n');
}

const describeTask = ({ task, done }: TaskResult): string =>
  `${task.kind === 'route' ? 'router' : `shard ${task.shard}`}: ${done ? 'done' : 'was done already'}`;

function statusResult(status: ShardsStatus, place: string): CommandResult {
  const { catalogue, shards, searchable } = status;
  const missing = shards.filter(({ trained }) => !trained);
  const lines = [
    `place       ${place}`,
    `catalogue   ${plural(catalogue, 'picture')}`,
    `shards      ${formatCount(shards.length - missing.length)} of ${formatCount(shards.length)} are there`,
    '',
    searchable
      ? `Search it:  neurodex search ${shellQuote(place)} PICTURE`
      : `Go on:      neurodex shards run ${shellQuote(place)}`,
  ];
  return { json: status, text: lines.join('\n') };
}
