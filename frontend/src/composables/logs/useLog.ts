import { stringifyDocument } from '@urql/core'
import type { TypedDocumentNode } from '@urql/core'
import { onScopeDispose, shallowRef, watch } from 'vue'
import { appLogs, containerLogs } from '../../graphql/documents/logs.ts'
import type { LogBatchFieldsFragment } from '../../graphql/generated/graphql.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

export type LogLine = LogBatchFieldsFragment['lines'][number]
/** A line, or how many were skipped in its place. */
export type LogEntry = { key: number; line: LogLine; skipped?: undefined } | { key: number; line?: undefined; skipped: number }

/** Kept in this page. Twenty times what people scroll through, and some tens of megabytes. */
const mostKept = 100_000
/** The list is drawn again at most this often. */
const drawMs = 100
const openAgainMs = 2000

export interface LogAsked {
  document: TypedDocumentNode<Record<string, LogBatchFieldsFragment>, Record<string, unknown>>
  variables: Record<string, unknown>
}

/** Whose log it is. */
export type LogOf = { appId: string } | { nodeId: string; containerId: string }

export const logAsked = (of: LogOf, range: object): LogAsked =>
  'appId' in of
    ? { document: appLogs as LogAsked['document'], variables: { ...of, ...range } }
    : { document: containerLogs as LogAsked['document'], variables: { ...of, ...range } }

/** The newest lines, drawn a few times a second. */
function keepEntries() {
  const entries = shallowRef<LogEntry[]>([])
  let drawing: ReturnType<typeof setTimeout> | undefined
  let news: LogEntry[] = []
  let key = 0

  function draw(): void {
    drawing = undefined
    const all = entries.value.concat(news)
    news = []
    entries.value = all.length > mostKept * 1.1 ? all.slice(-mostKept) : all
  }

  return {
    entries,
    take({ lines, skipped }: LogBatchFieldsFragment): void {
      if (skipped > 0) news.push({ key: key++, skipped })
      for (const line of lines) news.push({ key: key++, line })
      if (news.length > mostKept) news = news.slice(-mostKept)
      drawing ??= setTimeout(draw, drawMs)
    },
    clear(): void {
      clearTimeout(drawing)
      drawing = undefined
      news = []
      entries.value = []
    },
  }
}

/** Where to go on: the last position of each container and stream. */
function keepPositions() {
  const reached = new Map<string, string>()
  return {
    clear: () => reached.clear(),
    see({ lines, passed }: LogBatchFieldsFragment): void {
      for (const position of [...passed, ...lines.map((line) => line.position)])
        // One without a time is nowhere.
        if (!position.includes('//')) reached.set(position.split('/', 2).join('/'), position)
    },
    after: () => (reached.size > 0 ? { after: [...reached.values()].slice(-200) } : {}),
  }
}

/** Follows a log. After a lost connection it goes on where it was, without a gap or a repeat. */
export function useLog(asked: () => LogAsked) {
  const { stream } = useServerConnection()
  const { entries, take, clear } = keepEntries()
  const positions = keepPositions()
  const problem = shallowRef<string>()
  const loaded = shallowRef(false)
  let leave: () => void = () => undefined

  function open(): void {
    const { document, variables } = asked()
    // Sent again as it is then when the connection is opened again.
    const payload = { query: stringifyDocument(document), variables: { ...variables, ...positions.after() } }
    let [again, wanted]: [ReturnType<typeof setTimeout> | undefined, boolean] = [undefined, true]
    const stop = stream(payload, {
      next({ data, errors }) {
        if (errors?.[0]) problem.value = errors[0].message
        const batch = batchIn(data)
        if (!batch) return
        ;[problem.value, loaded.value] = [undefined, true]
        take(batch)
        positions.see(batch)
        payload.variables = { ...variables, ...positions.after() }
      },
      error: (error) => void (problem.value = wordsOf(error)),
      // Also called after leaving. Otherwise the server stops, or what was followed is gone: then it says so.
      complete: () => void (wanted && (again = setTimeout(open, openAgainMs))),
    })
    leave = () => {
      wanted = false
      clearTimeout(again)
      stop()
    }
  }

  const stopAll = (): void => void (leave(), clear(), positions.clear())

  function start(): void {
    stopAll()
    ;[problem.value, loaded.value] = [undefined, false]
    open()
  }

  watch(() => JSON.stringify(asked().variables), start, { immediate: true })
  onScopeDispose(stopAll)

  return { entries, problem, loaded, retry: start }
}

const batchIn = (data: Record<string, unknown> | null | undefined): LogBatchFieldsFragment | undefined =>
  data ? (Object.values(data)[0] as LogBatchFieldsFragment | undefined) : undefined

const wordsOf = (error: unknown): string =>
  Array.isArray(error) && error[0] instanceof Object && 'message' in error[0] ? String(error[0].message) : 'The log could not be opened.'
