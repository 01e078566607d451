/** What is wrong with the bytes of a checkpoint; who opened the file says which one it is. */
export class Damaged extends Error {}
