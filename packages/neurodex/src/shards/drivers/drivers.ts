import { bullmqDriver } from './bullmq.ts';
import type { QueueDriver, ShardDriver } from './driver.ts';
import type { DriverName } from './driver-names.ts';
import { local } from './local.ts';

const bullmq = bullmqDriver();

/** Every driver; one that is missing does not compile. */
export const DRIVERS: { readonly [Name in DriverName]: ShardDriver } = { local, bullmq };

/** What takes tasks from a queue. */
export const QUEUE_DRIVER: QueueDriver = bullmq;
