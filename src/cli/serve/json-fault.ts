/**
 * Where a text stops being JSON, without a word of it: it may hold secrets, and messages of `JSON.parse`
 * quote the text.
 *
 * @param text - that `JSON.parse` refuses
 * @returns the line and the column of the first character that can't stand there, from 1 on
 */
export function jsonFault(text: string): { readonly line: number; readonly column: number } {
  // The longest beginning that could go on as JSON.
  let [least, most] = [0, text.length]
  while (least < most) {
    const middle = Math.ceil((least + most) / 2)
    if (mayGoOn(text.slice(0, middle))) least = middle
    else most = middle - 1
  }
  const lines = text.slice(0, least).split('\n')
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 }
}

/** V8 says that the end came too soon, or names the position of the fault: here the end. */
function mayGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return true
  } catch (error) {
    const { message } = error as SyntaxError
    const [, position] = / at position (\d+)/.exec(message) ?? []
    return /end of JSON input|Unterminated string/.test(message) || Number(position) >= beginning.length
  }
}
