import { Migration20261124FirstSchema } from './20261124-first-schema.ts'

/** In the order in which they run. A migration that was released is never changed; a new one is added below it. */
export const migrations = [{ name: '20261124-first-schema', class: Migration20261124FirstSchema }]
