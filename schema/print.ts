import { writeFileSync } from 'node:fs'
import { printSchema } from 'graphql'
import { schema } from './index.ts'

/** Writes the committed schema file. A test compares it with the code. */
writeFileSync(new URL('schema.graphql', import.meta.url), `${printSchema(schema)}\n`)
