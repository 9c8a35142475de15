/** FilterLookups whether an id may be among the revoked ones. */
export type Filter = (id: string) => boolean

/**
 * What an attacker does who knows a filter's hash and its entries: he makes ids and tries them on a copy,
 * until enough are positives. Without a key, these are positives of the filter itself as well. Gives up after
 * `tries`.
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
