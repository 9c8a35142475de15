import { type Command, InvalidArgumentError } from 'commander'
import type { Selector, TokenClaims } from '../../api.js'
import { type ClaimsEntry, namesOfEntry } from '../../claims-option.js'
import { DEFAULT_CLAIMS, DEFAULT_ID_CLAIMS } from '../../options.js'
import type { Target } from '../../ports/index.js'
import { canonicalName } from '../../token/claim-path.js'
import { idsInText } from '../../token/ids-in-text.js'
import { CliError, printable } from '../errors.js'
import { addTokenOptions, type TokenOptions } from '../options.js'
import { TOKEN_HELP, type TokenSource, tokenSource } from './tokens.js'

/** Options that name one token. */
export interface IdOptions extends TokenOptions {
  readonly claimsJson?: string
  readonly jti?: string
  readonly id?: readonly [claim: string, value: string | number]
  readonly iss?: string
}

/** Options that name what to revoke or un-revoke. */
export interface TargetOptions extends IdOptions {
  readonly where?: Selector
  readonly everyone?: boolean
}

/** An id that the command line names. */
export interface NamedId {
  readonly kind: 'id'
  readonly claim: string
  /** Several where it may be a text or a number. */
  readonly values: readonly [string | number, ...(string | number)[]]
  readonly iss: string | undefined
}

/** What a command line names: tokens, one id, or all tokens with some claims. */
export type Addressed = AddressedTokens | { readonly kind: 'selector'; readonly where: Selector }

/** Tokens, or one id. */
export type AddressedTokens = TokenSource | NamedId

/** Adds the options that name a token, and those of {@link addTokenOptions}. */
export function addIdOptions(command: Command, withoutIssuer: string): Command {
  command
    .argument('[token]', TOKEN_HELP)
    .option('--claims-json <json>', 'the claims of a token, as JSON')
    .option('--jti <id>', `the token with this jti; without --iss: ${withoutIssuer}`)
    .option(
      '--id <claim=value>',
      'the token with this id claim, such as uti=7f2c (uti:=5 for a number only)',
      parseId,
    )
    .option('--iss <issuer>', 'with --jti or --id: its issuer')
  return addTokenOptions(command)
}

/** Adds the options that name a target, and those of {@link addTokenOptions}. */
export function addTargetOptions(command: Command): Command {
  return addIdOptions(command, 'of any issuer')
    .option(
      '--where <claim=value>',
      'all tokens with this claim (claim:=5 for a number); repeat for several claims together',
      collectWhere,
    )
    .option('--everyone', 'all tokens of everybody')
}

/**
 * Reads the target from the command line.
 *
 * @param verb - what the command does with it, for the error text
 * @throws {CliError} ERR_USAGE unless it is named in exactly one way
 */
export function addressed(
  argument: string | undefined,
  options: TargetOptions,
  verb: 'revoke' | 'unrevoke',
): Addressed {
  const { iss, everyone } = options
  const where = everyone === true ? {} : options.where
  if (where === undefined) return addressedTokens(argument, options, verb, ', --where or --everyone')
  const { jti, id, claimsJson } = options
  const others = [argument, claimsJson, jti, id, everyone === true ? options.where : undefined]
  if (others.some((way) => way !== undefined))
    throw new CliError(
      'ERR_USAGE',
      'give one of: a token, --jti, --id, --claims-json, --where (several match together), --everyone',
    )
  if (iss !== undefined)
    throw new CliError('ERR_USAGE', '--iss goes with --jti or --id; to match an issuer say --where iss=…')
  return { kind: 'selector', where }
}

/**
 * Reads the tokens, or the id, from the command line.
 *
 * @param verb - what the command does with them, for the error text
 * @param others - other ways to name a target, for the error text
 * @throws {CliError} ERR_USAGE unless they are named in exactly one way
 */
export function addressedTokens(
  argument: string | undefined,
  { jti, id, iss, claimsJson }: IdOptions,
  verb: string,
  others = '',
): AddressedTokens {
  const used = [argument, claimsJson, jti, id].filter((way) => way !== undefined).length
  if (used > 1) throw new CliError('ERR_USAGE', 'give one of: a token, --jti, --id, --claims-json')
  const [claim, value] = jti === undefined ? (id ?? []) : ['jti', jti]
  if (claim !== undefined && value !== undefined)
    return { kind: 'id', claim, values: typeof value === 'number' ? [value] : idsInText(value), iss }
  const source = tokenSource(argument, claimsJson)
  if (source === undefined)
    throw new CliError(
      'ERR_USAGE',
      `name what to ${verb}: a token, - for stdin, @FILE, --jti, --id, --claims-json${others}`,
    )
  if (iss !== undefined)
    throw new CliError('ERR_USAGE', '--iss goes with --jti or --id: a token carries its own')
  return source
}

/** Whether the command line names an id and no issuer. */
export const isBareId = ({ jti, id, iss }: IdOptions): boolean =>
  (jti ?? id) !== undefined && iss === undefined

/** What may be missed where an id is named without its issuer. */
export const OTHER_TARGET = 'an id that was revoked together with its issuer is another target'

/** Why an id of an issuer is two. */
export const AS_BOTH = 'the id may be a text or a number in the token (--id jti:=5 is a number only)'

/** The id claims to open the engine with: the configured ones and the one that the command line names. */
export function idClaimsFor(options: IdOptions): { idClaims?: string[] } {
  const claim = options.jti === undefined ? options.id?.[0] : 'jti'
  if (claim === undefined) return {}
  const base = options.idClaims ?? DEFAULT_ID_CLAIMS
  return base.includes(claim) ? {} : { idClaims: [...base, claim] }
}

/**
 * The selectors to open the engine with. An engine refuses a selector that its checks do not honour. The
 * command can't know which ones the services honour, so it adds the selector.
 *
 * @returns `added` is true when the selector was not configured: the caller prints a note
 */
export function claimsFor(where: Selector, options: TokenOptions): { claims: ClaimsEntry[]; added: boolean } {
  const base = options.claims ?? DEFAULT_CLAIMS
  const names = Object.keys(where).sort()
  // Every check looks for the selector of everybody, and for single id claims.
  const honoured = [...base, ...(options.idClaims ?? DEFAULT_ID_CLAIMS)].map(namesOfEntry)
  const known = [[], ...honoured].some((shape) => shapeKey(shape) === shapeKey(names))
  return known ? { claims: base, added: false } : { claims: [...base, names], added: true }
}

/** Identifies the set of claims that a selector names, whatever their order. */
export function shapeKey(names: readonly string[]): string {
  return JSON.stringify(names.map(canonicalName).sort())
}

/** The claims of the token that has an id; of both where the id may be a text or a number. */
export function tokensOf({ claim, values, iss }: NamedId): readonly [TokenClaims, ...TokenClaims[]] {
  const of = (value: string | number): TokenClaims =>
    Object.fromEntries([[claim, value], ...(iss === undefined ? [] : [['iss', iss] as const])])
  const [first, ...others] = values
  return [of(first), ...others.map(of)]
}

/** A target in one line, safe for a terminal. */
export function targetText(target: Target): string {
  switch (target.kind) {
    case 'id':
      return printable(`${idText(target)}${target.iss === undefined ? '' : ` iss=${target.iss}`}`)
    case 'hash':
      return `sha256=${target.sha256}`
    case 'selector':
      return selectorText(target.where)
  }
}

/** As `--id` takes it: `jti=5` is a text, `jti:=5` is a number and another token. */
const idText = ({ claim, id }: { readonly claim: string; readonly id: string | number }): string =>
  `${claim}${typeof id === 'number' ? ':' : ''}=${String(id)}`

function selectorText(where: Selector): string {
  const claims = Object.entries(where).map(([name, value]) => `${name}=${String(value)}`)
  return claims.length === 0 ? 'everyone' : printable(`where ${claims.join(' ')}`)
}

function parseId(text: string): readonly [string, string | number] {
  const { name, value } = claimAndValue(text, 'uti=7f2c')
  if (value === '') throw new InvalidArgumentError('Give claim=value, such as uti=7f2c.')
  return [name, value]
}

function collectWhere(text: string, previous: Selector | undefined): Selector {
  const { name, value } = claimAndValue(text, 'sub=alice')
  if (previous !== undefined && Object.hasOwn(previous, name))
    throw new InvalidArgumentError(`'${name}' was given twice; one value each.`)
  return { ...previous, [name]: value }
}

/** Reads `claim=text` or `claim:=number`. */
function claimAndValue(text: string, example: string): { name: string; value: string | number } {
  const at = text.indexOf('=')
  const numeric = text[at - 1] === ':'
  const name = text.slice(0, numeric ? at - 1 : at)
  if (at < 1 || name === '') throw new InvalidArgumentError(`Give claim=value, such as ${example}.`)
  const value = text.slice(at + 1)
  if (!numeric) return { name, value }
  if (value.trim() === '' || !Number.isFinite(Number(value)))
    throw new InvalidArgumentError(`'${name}:=' takes a number.`)
  return { name, value: Number(value) }
}
