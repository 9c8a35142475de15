// The built package. REVOCADE_DIST names another folder: a copy that was broken on purpose, to see a test go red.
import { pathToFileURL } from 'node:url'

const folder = process.env.REVOCADE_DIST
const at = (file) => (folder === undefined ? `#dist/${file}` : pathToFileURL(`${folder}/${file}`).href)

export const { createRevocade } = await import(at('index.js'))
export const { SqliteStore } = await import(at('store/sqlite/index.js'))
