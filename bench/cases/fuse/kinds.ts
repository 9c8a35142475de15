/** The prefilters that are compared. */
export const KINDS = ['bloom', 'fuse'] as const
export type Kind = (typeof KINDS)[number]
