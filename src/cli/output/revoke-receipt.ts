import type { BulkReceipt, Receipt } from '../../api.js'
import { targetText } from '../input/targets.js'
import { shortTime } from '../input/time.js'
import { note, tone, writeJson, writeLine } from './print.js'
import { durableText, noteQueued } from './redis-receipt.js'

interface JsonOption {
  readonly json?: boolean
}

/** Prints the receipt of one revocation, with its notes. */
export async function printReceipt(receipt: Receipt, options: JsonOption): Promise<void> {
  if (options.json === true) {
    await writeJson(receipt)
  } else if (receipt.outcome === 'expired') {
    const since = `it expired at ${shortTime(receipt.expiresAt)}, there is nothing to revoke`
    await writeLine(`${tone('expired', 'warn')} ${targetText(receipt.target)}: ${since}`)
  } else {
    const from = receipt.notBefore === undefined ? '' : ` from ${shortTime(receipt.notBefore)}`
    const target = `${targetText(receipt.target)}${from} until ${shortTime(receipt.expiresAt)}`
    const word = receipt.outcome === 'already' ? tone('already revoked', 'warn') : tone('revoked', 'good')
    await writeLine(`${word} ${target} (${durableText(receipt)})`)
  }
  noteQueued(receipt.redis, options)
  if (receipt.note !== undefined) note(receipt.note, options)
}

/** Prints the receipt of many. */
export async function printBulkReceipt(receipt: BulkReceipt, options: JsonOption): Promise<void> {
  if (options.json === true) await writeJson(receipt)
  else {
    const before = receipt.already === 0 ? '' : ` (${receipt.already} already revoked)`
    const counts = `${receipt.count}${before}, already expired ${receipt.expired}, invalid ${receipt.invalid}`
    await writeLine(`${tone('revoked', 'good')} ${counts} (${durableText(receipt)})`)
  }
  noteQueued(receipt.redis, options)
}
