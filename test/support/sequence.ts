/** A pattern for what matches these, one right after the other. For patterns that are too long for a line. */
export function sequence(...parts: readonly RegExp[]): RegExp {
  return new RegExp(parts.map(({ source }) => source).join(''))
}
