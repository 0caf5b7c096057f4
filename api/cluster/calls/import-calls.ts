import { appRefusals, importAppBody } from '../../app-wire.ts'
import type { ImportPreview } from '../../apps/import/import-input.ts'
import type { Action } from '../../auth/action.ts'
import { importPreviewWire, readImportPreview, toWire } from '../../wire.ts'
import { allowingWords, started, starts } from './app-calls.ts'
import { answered, leniently } from './declared-call.ts'

/** Calls that make an app of a Compose project that runs on a node. */

const body = { schema: importAppBody, description: 'The project' }
const needs = () => 'app-import' as const
export const importRefusals = { ...appRefusals, 404: 'There is no node with this id, or no such project on it' } as const

export const importCalls = {
  importApp: answered({
    route: 'POST /api/internal/compose-projects/import',
    summary: 'Makes an app of a Compose project that runs there, without restarting it',
    ...starts,
    body,
    needs,
    refusals: importRefusals,
    words: allowingWords,
    answer: started('The import was queued'),
    // Whoever may change the app from then on may change what is in its folder.
    action: { word: 'app.import', permission: 'app.allow', on: 'node' } satisfies Action,
  }),

  importPreview: answered({
    route: 'POST /api/internal/compose-projects/preview',
    summary: 'Shows what an import would make. Changes nothing',
    on: 'every-node',
    changesNothing: true,
    body,
    needs,
    refusals: importRefusals,
    answer: {
      status: 200,
      description: 'The app as it would be, without the values of secrets',
      schema: importPreviewWire,
      write: (preview: ImportPreview) => toWire(preview),
      read: leniently(readImportPreview),
    },
  }),
}
