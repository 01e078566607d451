import process from 'node:process';
import { silentReporter } from '@neurodex/core';
import { openStore } from '@neurodex/objects';
import { readPlan } from '../records.ts';
import { bullmqDriver } from './bullmq.ts';
import { TEST_TIMES } from './test-times.fixture.ts';

/* A worker on another machine, as far as a queue can tell: `place queue`, until it is killed or all is done. */
const [place = '', queue = ''] = process.argv.slice(2);
const store = await openStore(place, { environment: process.env, reporter: silentReporter });
const common = { store, plan: await readPlan(store), place, queue, workers: 1, environment: process.env };
await bullmqDriver(TEST_TIMES).work({ ...common, reporter: silentReporter, untilDone: true });
