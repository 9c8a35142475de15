// The built package. REVOCADE_DIST names another folder: a copy that was broken on purpose (test/planted).
import { pathToFileURL } from 'node:url'

const folder = process.env.REVOCADE_DIST

/**
 * @param {string} file Path below dist.
 * @returns {Promise<unknown>}
 */
export const importBuilt = (file) =>
  import(folder === undefined ? `#dist/${file}` : pathToFileURL(`${folder}/${file}`).href)
