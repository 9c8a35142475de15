import { renameSync } from 'node:fs'
import { type Fault, interrupted, onFiles } from '../fault.js'

export const fileAway: Fault = {
  name: 'the file is away for a moment',
  appliesTo: onFiles,
  inject({ store }) {
    const away = `${store.location}.away`
    renameSync(store.location, away)
    return () => renameSync(away, store.location)
  },
  lastsMs: [50, 500],
  expected: interrupted,
}
