import type { FastifyRequest } from 'fastify'
import type { BulkReceipt, Revocade, RevocationInput } from '../../api.js'
import { Slices } from '../../engine/slices.js'
import { type Line, readLines } from '../../read-lines.js'
import { asRequestError, RequestError } from '../problem.js'
import { bulkInput, type Entry } from './entry.js'
import { faultIn } from './fault.js'
import type { Forms } from './schemas.js'

/** A line that could not be used. */
export interface LineProblem {
  readonly line: number
  readonly detail: string
}

/** The result of a bulk request: the receipt, and the first lines that could not be used. */
export interface BulkResult extends BulkReceipt {
  readonly problems: readonly LineProblem[]
}

/** What a bulk request needs. */
export interface BulkParts {
  readonly engine: Pick<Revocade, 'revokeMany'>
  readonly schema: Forms
  readonly actor: string
  readonly maxBytes: number
}

type Matches = ReturnType<FastifyRequest['compileValidationSchema']>

const MOST_PROBLEMS = 100

/**
 * Revokes one entry for each line (NDJSON), thousands to a commit, while the lines arrive. Lines that can't
 * be used are counted and told; the others stand.
 *
 * @throws {RequestError} when there are lines, and none can be used
 */
export async function revokeLines(
  request: Pick<FastifyRequest, 'compileValidationSchema'>,
  lines: AsyncIterable<Uint8Array>,
  { engine, schema, actor, maxBytes }: BulkParts,
): Promise<BulkResult> {
  const matches = request.compileValidationSchema(schema)
  const problems: LineProblem[] = []
  const numbers: number[] = []
  const slices = new Slices()
  let refused = 0
  const refuse = (line: number, detail: string): void => {
    refused++
    if (problems.length < MOST_PROBLEMS) problems.push({ line, detail })
  }
  const usable = (line: Line): RevocationInput | undefined => {
    try {
      const input = bulkInput(entryOf(line, matches, schema), actor)
      numbers.push(line.number)
      return input
    } catch (error) {
      refuse(line.number, asRequestError(error).message)
      return undefined
    }
  }
  async function* entries(): AsyncGenerator<RevocationInput, void, void> {
    for await (const chunk of readLines(limited(lines, maxBytes))) {
      for (const line of chunk) {
        if ('text' in line && line.text.trim() === '') continue
        const input = usable(line)
        if (input !== undefined) yield input
        // The engine, which lets others have their turn, does not see the line.
        else if (slices.over) await slices.next()
      }
    }
  }
  const receipt = await engine.revokeMany(entries(), {
    onInvalid: (error, _entry, index) => refuse(numbers[index] ?? 0, asRequestError(error).message),
  })
  if (refused > 0 && receipt.count + receipt.already + receipt.expired === 0)
    throw noneUsable(refused, problems)
  return { ...receipt, invalid: refused, problems }
}

/** Nobody who looks at the status alone may believe that something was revoked. */
function noneUsable(refused: number, problems: readonly LineProblem[]): RequestError {
  const lines = refused === 1 ? 'the line' : `none of the ${refused} lines`
  const message = `${lines} ${refused === 1 ? "can't" : 'can'} be used: nothing was revoked`
  return new RequestError(400, 'no-usable-line', message, {}, { problems })
}

/** Ends with an error when more than the limit arrives. What was revoked before it stays revoked. */
async function* limited(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, void> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > maxBytes)
      throw new RequestError(413, 'too-large', 'the body is too large: the lines before its end are revoked')
    yield chunk
  }
}

/**
 * The entry in a line. It is not repeated in an error: it may hold a token.
 *
 * @throws {RequestError} when the line is none
 */
function entryOf(line: Line, matches: Matches, { anyOf }: Forms): Entry {
  if ('problem' in line) throw invalidLine(line.problem)
  let value: unknown
  try {
    value = JSON.parse(line.text)
  } catch {
    throw invalidLine('the line is not valid JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidLine('the line is not an object')
  const entry: Entry = { ...value }
  if (!matches(value))
    throw invalidLine(`the line is not valid: ${faultIn(entry, anyOf, matches.errors ?? [])}`)
  return entry
}

const invalidLine = (message: string): RequestError => new RequestError(400, 'invalid-line', message)
