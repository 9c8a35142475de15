/**
 * Compares a version of Node.js with `engines` of package.json.
 *
 * @param version - such as `20.19.0`, without a `v`
 * @returns what to tell the user when this package can't run on it; otherwise undefined
 */
export function nodeVersionProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 21 || (major === 20 && minor >= 19)) return undefined
  const wanted = major === 21 ? '20.19, or 22 or newer' : '20.19 or newer'
  return `revocade needs Node.js ${wanted}, this is ${version}: update Node.js`
}
