import type { Receipt, Revocade, RevokeOptions, Token, UnrevokeOptions } from '../api.js'
import { published } from '../diagnostics.js'
import { internalsOf } from './internals.js'

/** A token by its id: in one form, or in two where the id may be a text or a number. */
export type IdForms = readonly [Token, ...Token[]]

/**
 * Revokes a token in each form that its id may have, in one commit: all or none.
 *
 * @param forms - made of what `idsInText` returns
 * @returns the receipt of the first form that was not revoked before; of the first one if all were
 * @throws {RevocadeError} as `revoke`
 */
export async function revokeForms(
  engine: Revocade,
  forms: IdForms,
  options: RevokeOptions = {},
): Promise<Receipt> {
  const { writer } = internalsOf(engine, 'revokeForms()').layers
  return published(engine, 'revoke', () => writer.revokeForms(forms, options))
}

/**
 * Takes the revocation of a token back in each form that its id may have, in one commit: all or none.
 *
 * @param forms - made of what `idsInText` returns
 * @returns the receipt of the first form that was revoked; of the first one if none was
 * @throws {RevocadeError} as `unrevoke`
 */
export async function unrevokeForms(
  engine: Revocade,
  forms: IdForms,
  options: UnrevokeOptions = {},
): Promise<Receipt> {
  const { writer } = internalsOf(engine, 'unrevokeForms()').layers
  return published(engine, 'unrevoke', () => writer.unrevokeForms(forms, options))
}
