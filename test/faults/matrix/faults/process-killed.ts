import { everywhere, type Fault, unnoticed } from '../fault.js'
import { someone } from '../scene.js'

export const processKilled: Fault = {
  name: 'a process is killed',
  appliesTo: everywhere,
  async inject(scene) {
    const me = someone(scene)
    await scene.peers.peer(me).kill()
    return () => scene.peers.restart(me)
  },
  expected: unnoticed,
}
