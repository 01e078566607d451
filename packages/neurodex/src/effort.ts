/** How long a network learns to see, where no time is given. */
export const EFFORTS = ['low', 'normal', 'high'] as const;

/** How long a network learns to see. */
export type Effort = (typeof EFFORTS)[number];

/** Times the steps that the configuration plans. */
export const EFFORT_FACTORS: Readonly<Record<Effort, number>> = { low: 1 / 4, normal: 1, high: 3 };
