import type { Case, Context, Row } from '../harness/types.js'
import { checks } from './fuse/checks.js'
import { construction, rebuilds } from './fuse/rebuilds.js'
import { sizesOf } from './sizes.js'

async function run(context: Context): Promise<Row[]> {
  const rows = await checks(context)
  for (const size of sizesOf('fuse', context.scale).stored) rows.push(...(await rebuilds(context, size)))
  return [...rows, await construction(context)]
}

export const fuse: Case = {
  name: 'fuse',
  title: 'The prefilter fuse beside bloom: checks, memory, rebuilds',
  run,
}
