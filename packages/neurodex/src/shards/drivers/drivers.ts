import type { ShardDriver } from './driver.ts';
import type { DriverName } from './driver-names.ts';
import { local } from './local.ts';

/** Every driver; one that is missing does not compile. */
export const DRIVERS: { readonly [Name in DriverName]: ShardDriver } = { local };
