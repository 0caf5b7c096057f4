import { z } from 'zod'
import type { AppFile, AppVersionHead, VersionPage } from '../../apps/versions/version.ts'
import type { Sealing } from '../../apps/versions/sealed-contents.ts'
import type { EntityManager } from '../../db/orm.ts'
import { AppError } from '../../errors.ts'
import { readAppFiles, readVersion, toWire } from '../../wire.ts'
import type { NodeActions } from '../node-router.ts'
import { AppCopyVersionEntity, copiedVersions as column } from './app-copy-version.entity.ts'

/** Of each app. Most people look at the last few when something goes wrong, and each can have more than a megabyte. */
const mostVersions = 10

const stored = z.object({ head: z.unknown(), files: z.unknown() })

interface CopiedVersion {
  head: AppVersionHead
  files: AppFile[]
}

/** The newest versions of other nodes' apps as people see them, without secrets, kept sealed for when their node does not answer. */
export function createCopiedVersions({ em, box }: { em: EntityManager; box: Sealing }) {
  const idOf = (appId: string, number: number): string => `${appId} ${number}`

  function open(id: string, sealed: string): CopiedVersion | null {
    const json = stored.parse(JSON.parse(box.open(sealed, column.contextOf(id))))
    const { value: head } = readVersion(json.head)
    const { value: files } = readAppFiles(json.files)
    return head && { head, files: files ?? [] }
  }

  async function find(appId: string, number: number): Promise<CopiedVersion | null> {
    const id = idOf(appId, number)
    const row = await em.fork().findOne(AppCopyVersionEntity, { id })
    return row && open(id, row.contents)
  }

  return {
    /** Copies what is new or has got its verdict. */
    async take(appId: string, actions: Pick<NodeActions, 'appVersions' | 'appVersion' | 'versionFiles'>): Promise<void> {
      const page = await actions.appVersions({ id: appId, most: mostVersions }).catch((error: unknown) => {
        // An older node has no versions to copy.
        if (error instanceof AppError && error.code === 'NOT_SUPPORTED') return { versions: [] }
        throw error
      })
      const rows = await em.fork().find(AppCopyVersionEntity, { copy: appId }, { fields: ['id', 'outcome'] })
      const outcomes = new Map(rows.map(({ id, outcome }) => [id, outcome]))
      for (const { number, outcome } of page.versions) {
        const id = idOf(appId, number)
        if (outcomes.get(id) === outcome) continue
        const head = await actions.appVersion({ id: appId, number })
        const files = head.files.length > 0 ? await actions.versionFiles({ id: appId, number }) : []
        const contents = box.seal(JSON.stringify({ head: toWire(head), files }), column.contextOf(id))
        await em.fork().upsert(AppCopyVersionEntity, { id, copy: appId, number, outcome: head.outcome, contents })
      }
      const kept = new Set(page.versions.map(({ number }) => idOf(appId, number)))
      const gone = rows.flatMap(({ id }) => (kept.has(id) ? [] : id))
      if (gone.length > 0) await em.fork().nativeDelete(AppCopyVersionEntity, { id: { $in: gone } })
    },

    /** Newest first, without their contents. Null when none was copied. */
    async list(appId: string, { before, most }: { before?: number | undefined; most: number }): Promise<VersionPage | null> {
      const rows = await em.fork().find(AppCopyVersionEntity, { copy: appId }, { orderBy: { number: 'desc' } })
      if (rows.length === 0) return null
      const asked = rows.filter(({ number }) => before === undefined || number < before)
      const versions = asked.slice(0, most).flatMap(({ id, contents }) => open(id, contents)?.head ?? [])
      return { versions, older: Math.max(0, asked.length - most), total: rows.length }
    },

    /** Null when it was not copied. */
    head: async (appId: string, number: number): Promise<AppVersionHead | null> => (await find(appId, number))?.head ?? null,
    files: async (appId: string, number: number): Promise<AppFile[] | null> => (await find(appId, number))?.files ?? null,
  }
}
