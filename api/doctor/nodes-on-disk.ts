import Database from 'better-sqlite3'
import { z } from 'zod'
import type { Neighbour } from './neighbours.ts'

const row = z.object({
  name: z.string(),
  api_endpoint: z.string(),
  about: z.string().nullable(),
  last_seen: z.union([z.number(), z.string()]).nullable(),
})
const about = z.object({ version: z.string(), connection: z.string(), program: z.string().nullable() }).partial()

/** A primary's nodes as its database has them, read without changing anything, also beside a running server or an older version's. */
export function nodesOnDisk(path: string): Neighbour[] {
  const database = new Database(path, { readonly: true, fileMustExist: true })
  try {
    const rows = database.prepare('select name, api_endpoint, about, last_seen from nodes where not is_primary order by name').all()
    return z
      .array(row)
      .parse(rows)
      .map(({ name, api_endpoint: url, about: json, last_seen: seen }) => {
        const { version, connection, program } = json === null ? {} : about.parse(JSON.parse(json))
        return {
          name,
          url: connection === 'link' ? null : url,
          heardAt: seen === null ? null : new Date(seen),
          version: version ?? null,
          program: program ?? null,
        }
      })
  } finally {
    database.close()
  }
}
