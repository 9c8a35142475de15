import { everywhere, type Fault, unnoticed } from '../fault.js'
import { between } from '../scene.js'

export const clocksStep: Fault = {
  name: 'wall clocks step by seconds',
  appliesTo: everywhere,
  async inject(scene) {
    for (let me = 0; me < scene.peers.size; me++) scene.peers.setClock(me, Math.round(between(scene, -4, 4)))
    await scene.peers.clocksSet()
  },
  expected: unnoticed,
}
