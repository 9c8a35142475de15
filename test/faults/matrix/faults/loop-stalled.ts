import { everywhere, type Fault, unnoticed } from '../fault.js'
import { between, someone } from '../scene.js'

export const loopStalled: Fault = {
  name: 'an event loop stalls',
  appliesTo: everywhere,
  async inject(scene) {
    await scene.peers.peer(someone(scene)).call('stall', { ms: between(scene, 100, 1500) })
  },
  expected: unnoticed,
}
