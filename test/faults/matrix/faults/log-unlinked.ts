import { realpathSync, rmSync } from 'node:fs'
import { type Fault, losing, onFiles } from '../fault.js'

export const logUnlinked: Fault = {
  name: "the file's log is unlinked",
  appliesTo: onFiles,
  inject({ store }) {
    rmSync(`${realpathSync(store.location)}-wal`, { force: true })
    return undefined
  },
  expected: losing,
}
