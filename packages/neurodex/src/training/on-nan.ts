/** What happens to a batch whose loss or gradient is no finite number: training stops, or goes on without that batch. */
export const ON_NAN = ['stop', 'skip'] as const;

/** What happens to a batch whose loss is no finite number. */
export type OnNan = (typeof ON_NAN)[number];
