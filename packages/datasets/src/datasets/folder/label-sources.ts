/**
 * Where the labels of a folder of pictures come from: its layout (`planFolder`), the whole path of the folder that a picture lies in,
 * the first folder of that path, the keywords in the picture and beside it, or nowhere.
 */
export const LABEL_SOURCES = ['layout', 'folder', 'top', 'keywords', 'none'] as const;
/** Where the labels of a folder come from. */
export type LabelSource = (typeof LABEL_SOURCES)[number];
