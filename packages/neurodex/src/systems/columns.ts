/** The columns of vectors that systems keep in the catalogue: histograms of visual words, and pooled embeddings. */
export const BOVW_COLUMN = 'bovw';
export const ENCODER_COLUMN = 'encoder';
