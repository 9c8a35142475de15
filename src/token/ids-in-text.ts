/**
 * The ids that a text can stand for where nothing says whether it is a number: the field of a form, the name
 * of a key, an argument, a cell. With an issuer, `{ jti: 42 }` and `{ jti: '42' }` are two tokens.
 *
 * @returns the text, and the number where it is a whole one of at most 2^53 - 1 in size, as JSON writes it
 * @example
 * idsInText('7f2c') // ['7f2c']
 * idsInText('42') // ['42', 42]
 * idsInText('042') // ['042']
 */
export function idsInText(text: string): readonly [text: string, ...number: number[]] {
  const number = Number(text)
  return Number.isSafeInteger(number) && String(number) === text ? [text, number] : [text]
}
