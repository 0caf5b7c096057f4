import { errorMessage } from '../../../errors.ts'
import type { ComposeCli } from '../../../docker/engine.types.ts'
import type { Log } from '../../../log.ts'
import type { Allowance } from '../../app.ts'
import type { AppRow } from '../../app.entity.ts'
import type { AppFiles } from '../../app-files.ts'
import type { AppRecords } from '../../app-records.ts'
import type { AppVersions } from '../../versions/app-versions.ts'
import type { AppPolicy } from './app-policy.ts'
import { guardedCompose, type AcceptedApp } from './guarded-compose.ts'
import { policyRules } from './policy-finding.ts'

/** By whom an app was allowed what it had before there was a policy. */
const byUpgrade = 'upgrade'

export type Permissions = ReturnType<typeof createPermissions>

/**
 * What each app of this node may do. Lets apps from before the safety policy go on: whatever their files need now is allowed, and
 * listed as such.
 */
export function createPermissions(deps: {
  look: AppPolicy
  compose: ComposeCli
  files: AppFiles
  records: Pick<AppRecords, 'all' | 'named' | 'remember'>
  versions: Pick<AppVersions, 'allow' | 'contents'>
  onAllowed: (row: AppRow) => void
  log: Log
}) {
  const { look, files, records, versions, log } = deps

  /** @throws DOCKER_UNAVAILABLE */
  async function allowed(row: AppRow, signal: AbortSignal): Promise<Allowance[]> {
    const { id, name, version } = row
    const contents = await versions.contents(id, version)
    const permit = { allowances: [], allow: policyRules, by: byUpgrade }
    const { allowances } = await files.withDraft(name, contents, (project) => look(project, contents.composeContent, permit, signal))
    await versions.allow(id, version, allowances)
    await records.remember(row, { allowances })
    for (const { rule, detail, service } of allowances) {
      log.warn({ app: name, service, rule, detail }, 'an app from before the safety policy is allowed what it needs')
    }
    deps.onAllowed(row)
    return allowances
  }

  /** What an app may do. Finds it out for an app from before the policy. @throws DOCKER_UNAVAILABLE */
  const allowancesOf = async (row: AppRow, signal = new AbortController().signal): Promise<Allowance[]> =>
    row.allowances ?? allowed(row, signal)

  async function accepted(name: string): Promise<AcceptedApp | null> {
    const row = records.named(name)
    return row ? { composeContent: row.composeContent, modelHash: row.modelHash ?? null, allowances: await allowancesOf(row) } : null
  }

  return {
    allowancesOf,

    /** Compose, which runs only what is allowed. */
    compose: guardedCompose(deps.compose, { look, accepted }),

    /** At the start, for all apps. */
    async upgrade(signal: AbortSignal): Promise<void> {
      for (const row of records.all()) {
        if (signal.aborted) return
        await allowancesOf(row, signal).catch((error: unknown) => {
          if (!signal.aborted)
            log.warn({ app: row.name, error: errorMessage(error) }, 'could not find out yet what an app needs to be allowed')
        })
      }
    },
  }
}
