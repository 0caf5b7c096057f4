import { networkInterfaces } from 'node:os'
import { createAuditLog } from '../auth/audit-log.ts'
import { makeSignInCode } from '../auth/sign-in-links.ts'
import { signInLines, signInUrls } from '../auth/sign-in-urls.ts'
import { systemClock } from '../clock.ts'
import { ownCommand } from '../own-command.ts'
import { runCommand, whoeverIsHere, withDatabase } from './command.ts'
import { StartError } from '../errors.ts'
import { ownConfig } from '../own-config.ts'

/** `npm run link`: prints a link that signs in as this node's administrator. Requires write access to its database. */
await runCommand(async () => {
  if (process.argv.length > 2) throw new StartError(`${ownCommand('link')} takes no arguments`)
  const config = ownConfig()
  if (config.access.mode === 'trusted-edge') {
    throw new StartError('AUTH_ENABLED=false: nobody signs in here. The proxy in front decides who gets in')
  }
  return withDatabase(config, async ({ em }) => {
    const audit = createAuditLog({ em, clock: systemClock })
    const code = await audit.around(whoeverIsHere(), { action: 'link.create' }, () => makeSignInCode(em, systemClock.now()))
    const { listen, access, node } = config
    const urls = signInUrls({ listen, baseUrl: access.baseUrl, apiEndpoint: node.apiEndpoint, interfaces: networkInterfaces() })
    return signInLines(urls, code)
  })
})
