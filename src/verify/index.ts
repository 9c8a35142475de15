import '../require-node.js'

export type { InvalidationReceipt } from '../receipt.js'
export type { VerifierOptions } from './options.js'
export { createVerifier, type ForgetQuery, type Verifier, type VerifierStats } from './verifier.js'
