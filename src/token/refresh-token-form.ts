/**
 * What a refresh token of `revocade/sessions` looks like. 69 bytes are 92 characters of base64url without a
 * bit to spare: each token has one spelling.
 */
export const REFRESH_TOKEN_FORM = /^rt_[\w-]{92}$/
