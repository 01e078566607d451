/** Queries per task: enough to choose by, few enough that measuring costs little beside training. */
export const MOST_VALIDATED = 512;
