/** FilterLookups whether an id may be among the revoked ones. */
export type Filter = (id: string) => boolean

/**
 * What anybody does who knows a filter's hash and what is in it: ids are made and tried, offline, until so many are found that it takes
 * for revoked. It has no key, so those found in a copy are found by the filter itself. Gives up after `tries`.
 */
export function craftFalsePositives(
  copy: Filter,
  count: number,
  prefix: string,
  tries = Infinity,
): { readonly ids: readonly string[]; readonly tried: number } {
  const ids: string[] = []
  let tried = 0
  for (; tried < tries && ids.length < count; tried++) {
    const id = `${prefix}${tried.toString(36)}`
    if (copy(id)) ids.push(id)
  }
  return { ids, tried }
}
