/**
 * Headers of all answers of the page. Nothing is loaded from elsewhere, nothing runs inline, and no other
 * site shows it in a frame.
 *
 * `Referrer-Policy` is not `no-referrer`: with that, browsers send `Origin: null` with the page's own forms
 * (Fetch, "append a request Origin header"), and there would be nothing to compare.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}
