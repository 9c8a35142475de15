import { createHash } from 'node:crypto'

/** A script and its SHA-1 in hexadecimal, for EVAL and EVALSHA. */
export class Script {
  readonly source: string
  readonly sha: string

  constructor(source: string) {
    this.source = source.trim()
    this.sha = createHash('sha1').update(this.source).digest('hex')
  }
}
