import { describe } from 'vitest'
import { adapterSuite, hosted } from './case-table.js'
import { hostOf } from './load-host.js'

describe('on a function from Request to Response', () => {
  const host = hosted(hostOf('fetch'))
  adapterSuite(host, { twoLines: 'joined' })
})
