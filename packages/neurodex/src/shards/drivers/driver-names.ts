/** What hands out the tasks of a plan. `DRIVERS` declares each. */
export const DRIVER_NAMES = ['local', 'bullmq'] as const;
export type DriverName = (typeof DRIVER_NAMES)[number];
