import { everywhere, type Fault, unnoticed } from '../fault.js'
import { someone } from '../scene.js'

export const processClosed: Fault = {
  name: 'a process is closed and started again',
  appliesTo: everywhere,
  async inject(scene) {
    const me = someone(scene)
    await scene.peers.end(me)
    return () => scene.peers.restart(me)
  },
  expected: unnoticed,
}
