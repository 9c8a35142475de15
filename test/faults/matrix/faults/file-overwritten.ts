import { copyFileSync, realpathSync } from 'node:fs'
import { type Fault, losing, onFiles } from '../fault.js'
import { fileOf } from '../scene.js'

export const fileOverwritten: Fault = {
  name: 'an older copy is copied over the file',
  appliesTo: onFiles,
  async inject(scene) {
    copyFileSync(await fileOf(scene).oldCopy(), realpathSync(scene.store.location))
  },
  expected: losing,
}
