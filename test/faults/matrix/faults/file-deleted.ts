import { existsSync, linkSync, realpathSync, rmSync } from 'node:fs'
import { type Fault, losing, onFiles } from '../fault.js'
import { fileOf } from '../scene.js'

export const fileDeleted: Fault = {
  name: 'the file is deleted, and an older copy put in its place',
  appliesTo: onFiles,
  async inject(scene) {
    const copy = await fileOf(scene).oldCopy()
    const file = realpathSync(scene.store.location)
    for (const part of [file, `${file}-wal`, `${file}-shm`]) rmSync(part, { force: true })
    return () => {
      if (!existsSync(file)) linkSync(copy, file)
      rmSync(copy)
    }
  },
  lastsMs: [0, 300],
  expected: losing,
}
