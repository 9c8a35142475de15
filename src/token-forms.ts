/** A JWT or JWE within a text: the base64url of `{"`, or of a brace and white space, and what follows it. */
export const JWT_FORM = /e(?:yJ|yA|w[ko0])[\w-]{5,}\.{1,2}[\w-]+(\.[\w-]*)*/g

/** A PASETO within a text. */
export const PASETO_FORM = /\bv[1-4]\.(?:local|public)\.[\w-]+(\.[\w-]*)*/g
