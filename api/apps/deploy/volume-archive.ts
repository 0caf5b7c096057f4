import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { AppError } from '../../errors.ts'

/** A copy must not take the last room, which the database and the app's logs need. */
const keepFree = 512 * 1024 * 1024
/** How often the room is looked at while a copy is written. */
const lookEvery = 32 * 1024 * 1024

const manifestFile = 'volumes.json'
const text = z.record(z.string(), z.string())
const manifest = z.object({
  volumes: z.array(z.object({ name: z.string(), driver: z.string(), options: text, labels: text, image: z.string(), file: z.string() })),
})
export type CopiedVolume = z.output<typeof manifest>['volumes'][number]

export type VolumeArchive = ReturnType<typeof createVolumeArchive>

/** Copies of volumes on this node's disk: `<dataDir>/volumes/<app id>/<version>/`, one tar file for each volume. */
export function createVolumeArchive({ dataDir }: { dataDir: string }) {
  const ofApp = (appId: string): string => join(dataDir, 'volumes', appId)
  const folderOf = (appId: string, version: number): string => join(ofApp(appId), String(version))

  async function room(): Promise<number> {
    const { bavail, bsize } = await statfs(dataDir)
    return bavail * bsize - keepFree
  }

  /** The versions before which copies were made, newest first. */
  async function versions(appId: string): Promise<number[]> {
    const names = await readdir(ofApp(appId)).catch(() => [])
    const made = names
      .map(Number)
      .filter((version) => Number.isInteger(version) && existsSync(join(folderOf(appId, version), manifestFile)))
    return made.sort((a, b) => b - a)
  }

  return {
    versions,

    /** @throws STORAGE_FULL when a copy of this many bytes would leave too little room */
    async refuseTooLarge(bytes: number): Promise<void> {
      if (bytes > (await room())) throw tooLittleRoom()
    },

    /** Writes one volume's archive. An earlier unfinished copy is replaced. */
    async write(appId: string, version: number, file: string, archive: Readable): Promise<void> {
      const folder = folderOf(appId, version)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const draft = join(folder, `.${file}.new`)
      await rm(draft, { force: true })
      await pipeline(archive, meter(room), createWriteStream(draft, { flags: 'wx', mode: 0o600 }))
      await rename(draft, join(folder, file))
    },

    read: (appId: string, version: number, file: string): Readable => createReadStream(join(folderOf(appId, version), file)),

    /** Makes the copy valid. Without this it does not exist. */
    async finish(appId: string, version: number, volumes: CopiedVolume[]): Promise<void> {
      await writeFile(join(folderOf(appId, version), manifestFile), JSON.stringify({ volumes }), { mode: 0o600 })
    },

    /** What was copied before a version; null when nothing was, or it is no longer kept. */
    async find(appId: string, version: number): Promise<CopiedVolume[] | null> {
      const json = await readFile(join(folderOf(appId, version), manifestFile), 'utf8').catch(() => null)
      return json === null ? null : manifest.parse(JSON.parse(json)).volumes
    },

    /** Deletes all copies of an app but the newest. */
    async keep(appId: string, most: number): Promise<void> {
      const kept = new Set((await versions(appId)).slice(0, most).map(String))
      const names = await readdir(ofApp(appId)).catch(() => [])
      await Promise.all(
        names.filter((name) => !kept.has(name)).map((name) => rm(join(ofApp(appId), name), { recursive: true, force: true })),
      )
    },

    deleteAll: (appId: string): Promise<void> => rm(ofApp(appId), { recursive: true, force: true }),
  }
}

/** Ends a copy before it fills the disk. */
function meter(room: () => Promise<number>): Transform {
  let since = lookEvery
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      since += chunk.length
      if (since < lookEvery) return done(null, chunk)
      since = 0
      room().then((left) => (left > 0 ? done(null, chunk) : done(tooLittleRoom())), done)
    },
  })
}

const tooLittleRoom = (): AppError =>
  new AppError(
    'STORAGE_FULL',
    "This node's disk has too little room for a copy of the app's volumes. Make room, or update without the copy",
  )
