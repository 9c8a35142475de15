import { type Fault, losing, onServers } from '../fault.js'
import { between, serverOf } from '../scene.js'

export const storeFailsOver: Fault = {
  name: "a standby takes the place of the store's server, without the last commits",
  appliesTo: onServers,
  async inject(scene) {
    await serverOf(scene).failOver(between(scene, 0, 1000))
  },
  expected: losing,
}
