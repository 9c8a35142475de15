import { everywhere, type Fault, unnoticed } from '../fault.js'
import { someone } from '../scene.js'

export const processSuspended: Fault = {
  name: 'a process is suspended',
  appliesTo: everywhere,
  inject(scene) {
    const peer = scene.peers.peer(someone(scene))
    peer.suspend(true)
    return () => peer.suspend(false)
  },
  lastsMs: [50, 1500],
  expected: unnoticed,
}
