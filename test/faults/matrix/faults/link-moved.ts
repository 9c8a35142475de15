import { renameSync, symlinkSync } from 'node:fs'
import { type Fault, losing, onFiles } from '../fault.js'
import { fileOf } from '../scene.js'

export const linkMoved: Fault = {
  name: 'the link leads to an older copy of the file',
  appliesTo: onFiles,
  async inject(scene) {
    const { location } = scene.store
    symlinkSync(await fileOf(scene).oldCopy(), `${location}.new`)
    renameSync(`${location}.new`, location)
  },
  expected: losing,
}
