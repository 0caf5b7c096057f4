import { builder } from './builder.ts'
import './account.ts'
import './apps.ts'
import './audit.ts'
import './holds.ts'
import './join-tokens.ts'
import './nodes.ts'
import './operations.ts'
import './settings.ts'
import './stats.ts'
import './status-history.ts'
import './viewer.ts'

export const schema = builder.toSchema()
