import { fuzzyScore } from './fuzzy.ts'

export type CommandGroup = 'Pages' | 'Actions' | 'Apps' | 'Nodes' | 'Containers'

export interface Command {
  id: string
  group: CommandGroup
  label: string
  icon: string
  /** What tells two with the same label apart. */
  hint?: string | undefined
  /** Further words that it is found by. */
  words?: string | undefined
  /** The keys that do the same, such as `g a`. */
  keys?: string | undefined
  /** Shown before anything is typed. */
  suggested?: boolean
  run: () => unknown
}

export interface CommandSection {
  group: CommandGroup
  commands: Command[]
}

const mostPerGroup = 6
const mostActions = 8

/** Commands that match, the best section first. Without a query, those that are suggested. */
export function sectionsFor(query: string, commands: Command[]): CommandSection[] {
  const typed = query.trim()
  const found = commands.flatMap((command) => {
    if (typed === '') return command.suggested ? { command, score: 0 } : []
    const own = fuzzyScore(typed, command.label)
    const more = own ?? fuzzyScore(typed, `${command.label} ${command.hint ?? ''} ${command.words ?? ''}`)
    return more === undefined ? [] : { command, score: own ?? more - 10 }
  })
  const groups = new Map<CommandGroup, typeof found>()
  for (const each of found) {
    const members = groups.get(each.command.group)
    if (members) members.push(each)
    else groups.set(each.command.group, [each])
  }
  return [...groups]
    .map(([group, list]) => {
      const best = list.toSorted((a, b) => b.score - a.score)
      const most = typed === '' ? best.length : group === 'Actions' ? mostActions : mostPerGroup
      return { group, score: best[0]?.score ?? 0, commands: best.slice(0, most).map(({ command }) => command) }
    })
    .sort((a, b) => b.score - a.score)
    .map(({ group, commands: shown }) => ({ group, commands: shown }))
}
