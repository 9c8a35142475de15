/** A token as people paste it: perhaps with the name of the header or the scheme before it. */
export const pastedToken = (text: string): string =>
  text.trim().replace(/^(?:authorization:\s*)?(?:bearer|dpop)\s+/i, '')
