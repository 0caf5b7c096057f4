import { writeFileSync } from 'node:fs'
import { printSchema } from 'graphql'
import { schema } from './index.ts'

/** Writes the contract that is committed; a test compares the two. */
writeFileSync(new URL('schema.graphql', import.meta.url), `${printSchema(schema)}\n`)
